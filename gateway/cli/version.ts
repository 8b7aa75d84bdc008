import { Command } from 'commander';

/** `version`: prints the version of the gateway, and of the Node.js that runs it. */
export function versionCommand(version: string): Command {
  return new Command('version')
    .description('Print the version of the gateway, and of the Node.js that runs it.')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: true }) => {
      const { version: nodeVersion, platform, arch } = process;
      const facts = { version, node: nodeVersion.slice(1), platform, arch };
      const text = `Gatehouse ${version} (Node.js ${facts.node}, ${platform} ${arch})`;
      process.stdout.write(`${json ? JSON.stringify(facts) : text}\n`);
    });
}
