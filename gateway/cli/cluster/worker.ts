// The entry point of the worker processes. Node ends a worker whose channel to the primary breaks, so no worker outlives
// the primary.

import { keepCompiled } from '../compile-cache.ts';

// A terminal, and some supervisors, signal the whole process group. Only the primary acts on signals.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

// Imported after that: a signal during loading must not end this process either.
keepCompiled();
const { followPrimary } = await import('./follow-primary.ts');
followPrimary();
