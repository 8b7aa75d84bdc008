import type { Redis } from 'ioredis';

/**
 * Keeps a client out of database 0 where the server refuses to select its own: each such connection is closed.
 *
 * ioredis (6.0) reports a failed SELECT as an `error` event, and then uses database 0, which may be another program's.
 *
 * @returns whether the server refused on the current connection
 */
export function requireDatabase(redis: Redis): () => boolean {
  let isRefused = false;
  redis.on('connect', () => {
    isRefused = false;
  });
  redis.on('error', (error: RefusedCommand) => {
    if (error.command?.name !== 'select') return;
    isRefused = true;
    redis.disconnect(true);
  });
  return () => isRefused;
}

/** ioredis adds the command to the server's error, which its types leave out. */
interface RefusedCommand extends Error {
  readonly command?: { readonly name: string };
}
