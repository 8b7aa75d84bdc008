import { tmpdir } from 'node:os';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { openScope } from '../../test/lab/open-scope.ts';
import { conclude } from './conclude.ts';
import { HELP, parseOptions } from './options.ts';
import { soak } from './soak.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns the exit code */
function tellVerdict(file: string): number {
  const { isGood, text } = conclude(file);
  say(text);
  return isGood ? 0 : 1;
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
      return tellVerdict(parsed.file);
    case 'run': {
      const scope = openScope();
      process.once('SIGINT', () => void scope.close().finally(() => process.exit(130)));
      try {
        return tellVerdict(await soak(scope, parsed.options, say));
      } finally {
        await scope.close();
      }
    }
  }
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return 2;
});
