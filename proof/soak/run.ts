import { tmpdir } from 'node:os';
import { openScope } from '../../test/lab/open-scope.ts';
import { HELP, parseOptions } from './options.ts';
import { soak } from './soak.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2), Date.now(), tmpdir());
  switch (parsed.kind) {
    case 'help':
      say(HELP);
      return 0;
    case 'wrong':
      process.stderr.write(`${parsed.message}\n`);
      return 2;
    case 'read':
      return 0;
    case 'run': {
      const scope = openScope();
      process.once('SIGINT', () => void scope.close().finally(() => process.exit(130)));
      try {
        await soak(scope, parsed.options, say);
        return 0;
      } finally {
        await scope.close();
      }
    }
  }
}

process.exitCode = await main();
