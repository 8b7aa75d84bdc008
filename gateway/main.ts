import { keepCompiled } from './cli/compile-cache.ts';
import { takeNodeFlags } from './cli/node-flags.ts';
import { sizeThreadPool } from './identify/passwords/hashing-threads.ts';

// First, since the pool is created at its first use. The size is in the environment, so a re-executed Node has it too.
sizeThreadPool();
// May re-execute Node, which starts this file again. Only the gateway itself gains from the flags; commands start faster without.
if (process.argv[2] === 'start') takeNodeFlags();
// After that, so that only the process that stays enables the cache.
keepCompiled();
// Imported dynamically: a static import would be loaded before the lines above, and so without the cache.
const { runCommandLine } = await import('./cli/command-line.ts');
await runCommandLine(process.argv.slice(2));
