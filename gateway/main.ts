import { sizeThreadPool } from './accounts/hashing-threads.ts';
import { keepCompiled } from './compile-cache.ts';
import { takeNodeFlags } from './node-flags.ts';

sizeThreadPool();
if (process.argv[2] === 'start') takeNodeFlags();
keepCompiled();
const { runCommandLine } = await import('./cli/command-line.ts');
await runCommandLine(process.argv.slice(2));
