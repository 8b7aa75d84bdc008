import { Command } from 'commander';
import { loadOps } from '../settings/read/load.ts';
import { configOption } from './config-option.ts';
import { type OpsAddress, opsOf } from './ready/ops-address.ts';
import { opsUrlOption } from './ready/ops-url-option.ts';
import { followOnTerminal } from './top/on-terminal.ts';
import { followAsLines, printOnce } from './top/print.ts';

interface Options {
  config: string;
  url?: OpsAddress;
  once?: true;
  json?: boolean;
}

/** `top`: shows a running gateway on the terminal, a snapshot a second; elsewhere, prints a line for each. */
export function topCommand(): Command {
  return new Command('top')
    .description('Show what a running gateway does, a snapshot a second; q ends it. Needs `ops.console`.')
    .addOption(configOption('the configuration file, of which only `ops` is read'))
    .addOption(opsUrlOption())
    .option('--once', 'print one snapshot, and end')
    .option('--json', 'print JSON, a snapshot a line')
    .action(async ({ config, url, once, json = false }: Options) => {
      const address = url ?? opsOf(config, loadOps(config, process.env));
      // The reader of a pipe has ended.
      process.stdout.once('error', () => process.exit(0));
      if (once) return await printOnce(address, json);
      if (json || !process.stdout.isTTY || !process.stdin.isTTY) return await followAsLines(address, json);
      await followOnTerminal(address);
    });
}
