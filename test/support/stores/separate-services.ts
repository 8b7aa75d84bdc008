import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { UNRESTRICTED } from '../../../gateway/domain/identity.ts';
import type { StoreState } from '../../../gateway/ops/store-state.ts';
import { FEED_BLOCK } from '../../../gateway/revocation/feed.ts';
import { type RevocationService, startRevocations } from '../../../gateway/revocation/revocation-service.ts';
import { parseRedisUrl, type RedisLocation } from '../../../gateway/settings/schema/redis-url.ts';
import type { Database } from '../../../gateway/stores/database/connection.ts';
import { openRedis } from '../../../gateway/stores/redis/open.ts';
import { sqlTokenStore } from '../../../gateway/stores/tokens/store.ts';
import type { Scope } from '../../lab/scope.ts';
import { migratedDatabase } from '../../lab/stores/database.ts';

/**
 * The revocation services of two nodes that share a Redis. Unlike real nodes, each has its own copy of the database, so
 * `follower` can learn revocations of `publisher` only through Redis.
 */
export interface SeparateServices {
  readonly follower: RevocationService;
  readonly followerRedis: StoreState;
  /** Revokes a new token at the publisher. @returns its id, when the publisher has finished */
  revoke(): Promise<string>;
  /** Revokes tokens until the follower receives one: it is then connected. */
  untilHeard(): Promise<void>;
}

const LIFETIME = 600_000;
/** Milliseconds within which a follower connects, also on a busy machine. */
const HEARD = 30_000;

/** @param timeout the timeout of a Redis command in milliseconds */
export async function separateServices(
  t: Scope,
  url: string,
  { keyPrefix = 'test:', timeout = 2_000 }: { keyPrefix?: string; timeout?: number } = {},
): Promise<SeparateServices> {
  const lives = {
    tokens: { maxLifetime: LIFETIME },
    pages: { session: { lifetime: LIFETIME } },
  };
  const databases = [await migratedDatabase(t, 'sqlite'), await migratedDatabase(t, 'sqlite')] as const;
  // Both databases get the same installation id, since entries of another installation are ignored.
  const head = await databases[0].sql('gatehouse_revocation_head').first('installation', 'chain');
  await databases[1].sql('gatehouse_revocation_head').update(head);
  const start = async (database: Database) => {
    const log = pino({ level: 'silent' });
    const redis = openRedis(locationOf(url), { keyPrefix, timeout }, FEED_BLOCK, log);
    t.teardown(redis.close);
    const service = await startRevocations(
      database,
      redis,
      lives,
      log,
      () => {},
      () => {},
    );
    t.teardown(service.close);
    return { service, redis: redis.state, tokens: sqlTokenStore(database) };
  };
  const [publisher, { service: follower, redis: followerRedis }] = await Promise.all([
    start(databases[0]),
    start(databases[1]),
  ]);

  const revoke = async () => {
    const jti = randomUUID();
    const issuedAt = Date.now();
    const expiresAt = issuedAt + LIFETIME;
    await publisher.tokens.record({
      jti,
      accountId: '1',
      name: null,
      issuedAt,
      expiresAt,
      bond: null,
      ...UNRESTRICTED,
    });
    await publisher.service.revoker.token(jti, null, null);
    return jti;
  };

  return {
    follower,
    followerRedis,
    revoke,
    async untilHeard() {
      const tried: string[] = [];
      for (const until = performance.now() + HEARD; performance.now() < until; ) {
        tried.push(await revoke());
        await delay(20);
        if (tried.some(follower.mirror.isDenied)) return;
      }
      throw new Error(`none of ${tried.length} revocations arrived within ${HEARD} ms`);
    },
  };
}

export function locationOf(url: string): RedisLocation {
  const location = parseRedisUrl(url);
  if (typeof location === 'string') throw new Error(location);
  return location;
}
