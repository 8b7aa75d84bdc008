import type { Logger } from '../../ops/log.ts';
import { steadily, watchStore } from '../../ops/store-state.ts';
import type { RedisLocation } from '../../settings/schema/redis-url.ts';
import { connectionErrorOf, connectRedis, type RedisClient } from './connect.ts';
import { redisFailure } from './failure.ts';
import type { SharedRedis } from './limiter.ts';

/** The connections of a process to Redis, and their common state. */
export interface OpenRedis extends SharedRedis {
  /** A separate connection for blocking reads, which would delay other commands. */
  readonly reader: RedisClient;
  /** Milliseconds for the answer to a command. */
  readonly timeout: number;
  /** Disconnects at once. */
  close(): void;
}

/**
 * Opens the connections, and returns before they are ready: Redis is optional.
 *
 * @param block milliseconds that a blocking read waits for entries
 */
export function openRedis(
  location: RedisLocation,
  { keyPrefix, timeout }: { readonly keyPrefix: string; readonly timeout: number },
  block: number,
  log: Logger,
): OpenRedis {
  const client = connectRedis(location, timeout);
  const reader = connectRedis(location, block + timeout);
  const describe = (error: unknown) => redisFailure(error, connectionErrorOf(client) ?? connectionErrorOf(reader));
  return {
    client,
    reader,
    keyPrefix,
    timeout,
    state: steadily(watchStore('redis', log, describe)),
    close() {
      reader.disconnect();
      client.disconnect();
    },
  };
}
