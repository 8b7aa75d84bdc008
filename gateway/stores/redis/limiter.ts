import {
  RateLimiterCluster,
  RateLimiterClusterMaster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { StoreState } from '../../ops/store-state.ts';
import type { RedisClient } from './connect.ts';

/** A rate limiter by key. */
export interface Limiter {
  /** Counts one. Rejects with a RateLimiterRes above the limit. */
  consume(key: string): Promise<unknown>;
  /** Takes one back. */
  reward(key: string): Promise<unknown>;
}

export interface SharedRedis {
  readonly client: RedisClient;
  readonly keyPrefix: string;
  readonly state: StoreState;
}

/** Whether this process is the whole gateway, or a worker of a primary. */
export type ProcessRole = 'alone' | 'worker';

/** Milliseconds that a worker waits for the primary, which answers from memory. */
const PRIMARY_TIMEOUT = 250;

/**
 * Counts in Redis. Without Redis, or while it is unavailable, the primary counts for its workers. A process without a primary,
 * or whose primary does not answer, counts in its own memory.
 *
 * @param name the prefix of its keys, unique among limiters
 * @param window milliseconds from the first count of a key to its reset
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

/** Counts for the limiters of all workers. Must be called in the primary before the first worker starts. */
export function countForWorkers(): void {
  new RateLimiterClusterMaster();
}

/** @param onFailure called each time the first limiter fails */
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
