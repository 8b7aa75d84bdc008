// The entry of the processes that the primary forks. They end with it: Node ends a worker whose channel to the primary
// breaks.

import { keepCompiled } from '../compile-cache.ts';

// A terminal, and some supervisors, send signals to every process there is. It is the primary that acts on them.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

// Not before: a signal that comes while everything is being loaded is none for this process either.
keepCompiled();
const { followPrimary } = await import('./follow-primary.ts');
followPrimary();
