import {
  RateLimiterCluster,
  RateLimiterClusterMaster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { StoreState } from '../../ops/store-state.ts';
import type { RedisClient } from './connect.ts';

/** Counts by key, up to a limit within a window. */
export interface Limiter {
  /** Counts one. Rejects with a RateLimiterRes when that is more than the limit. */
  consume(key: string): Promise<unknown>;
  /** Takes one back. */
  reward(key: string): Promise<unknown>;
}

export interface SharedRedis {
  readonly client: RedisClient;
  readonly keyPrefix: string;
  readonly state: StoreState;
}

/** Whether this process is the whole gateway on its machine, or one of the workers of a primary. */
export type ProcessRole = 'alone' | 'worker';

/** Milliseconds that a worker waits for the primary, which answers from memory. */
const PRIMARY_TIMEOUT = 250;

/**
 * Counts in Redis where there is one; where there is none, or while it is out, by the primary for all its workers; and by
 * this process, where it is no worker or the primary does not answer.
 *
 * @param name what its keys begin with, after the prefix of all; no other limiter's
 * @param window milliseconds from the first of those counted to the moment that all are forgotten
 */
export function createLimiter(
  { name, limit, window }: { name: string; limit: number; window: number },
  redis: SharedRedis | null,
  role: ProcessRole,
): Limiter {
  const options = { points: limit, duration: window / 1000 };
  const memory = new RateLimiterMemory({ ...options, keyPrefix: name });
  const onMachine =
    role === 'alone'
      ? memory
      : withFallback(
          new RateLimiterCluster({ ...options, keyPrefix: name, timeoutMs: PRIMARY_TIMEOUT }),
          memory,
          () => {},
        );
  if (redis === null) return onMachine;
  const keyPrefix = `${redis.keyPrefix}${name}`;
  const shared = new RateLimiterRedis({ ...options, storeClient: redis.client, keyPrefix });
  return withFallback(shared, onMachine, redis.state.down);
}

/** In the primary, before the first worker is there: counts for the limiters of all of them. */
export function countForWorkers(): void {
  new RateLimiterClusterMaster();
}

/** @param onFailure hears of each time that the first could not be asked */
function withFallback(first: Limiter, second: Limiter, onFailure: (error: unknown) => void): Limiter {
  const ask = async (question: (one: Limiter) => Promise<unknown>) => {
    try {
      return await question(first);
    } catch (error) {
      if (error instanceof RateLimiterRes) throw error;
      onFailure(error);
      return await question(second);
    }
  };
  return { consume: (key) => ask((one) => one.consume(key)), reward: (key) => ask((one) => one.reward(key)) };
}
