import { storeUnavailable } from '../../domain/errors.ts';
import type { RedisClient } from '../redis/connect.ts';
import { hashOfId, type SessionStore } from './session-store.ts';

/**
 * The sessions in Redis, `<prefix>session:<SHA-256 of the id>`, with a TTL. Each command has one key, so that it works in a
 * Cluster.
 */
export function redisSessionStore(redis: RedisClient, keyPrefix: string): SessionStore {
  const keyOf = (id: string) => `${keyPrefix}session:${hashOfId(id)}`;

  return {
    async read(id) {
      const content: unknown = await answer(redis.get(keyOf(id)));
      if (content === null || typeof content === 'string') return content;
      throw storeUnavailable('redis', new TypeError(`the answer to GET is a ${typeof content}`));
    },

    async write(id, content, lifetime) {
      await answer(redis.set(keyOf(id), content, 'PX', Math.ceil(lifetime)));
    },

    async renew(id, content, lifetime) {
      await answer(redis.set(keyOf(id), content, 'PX', Math.ceil(lifetime), 'XX'));
    },

    async destroy(id) {
      await answer(redis.del(keyOf(id)));
    },
  };
}

async function answer<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw storeUnavailable('redis', error);
  }
}
