import { keepCompiled } from './cli/compile-cache.ts';
import { takeNodeFlags } from './cli/node-flags.ts';
import { sizeThreadPool } from './identify/passwords/hashing-threads.ts';

sizeThreadPool();
if (process.argv[2] === 'start') takeNodeFlags();
keepCompiled();
const { runCommandLine } = await import('./cli/command-line.ts');
await runCommandLine(process.argv.slice(2));
