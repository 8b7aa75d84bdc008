import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
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
 * Two gateways' revocations that share a Redis and, unlike any real ones, have each a copy of the database: what `follower` learns
 * of `publisher`, it has learned through Redis.
 */
export interface SeparateServices {
  readonly follower: RevocationService;
  readonly followerRedis: StoreState;
  /** Revokes a new token of the publisher's. @returns its id, when the publisher has done all that it does */
  revoke(): Promise<string>;
  /** Revokes one token after another until the follower hears of one: it is connected. */
  untilHeard(): Promise<void>;
}

const LIFETIME = 600_000;
/** Milliseconds within which a follower connects, on a machine that is busy too. */
const HEARD = 30_000;

/** @param timeout milliseconds for an answer of Redis */
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
  // Entries of another installation are no news: both databases say that they are the same one.
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
    await publisher.tokens.record({ jti, accountId: '1', name: null, issuedAt, expiresAt, bond: null });
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
