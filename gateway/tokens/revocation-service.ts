import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../database/connection.ts';
import type { Logger } from '../ops/log.ts';
import { type StoreState, watchStore } from '../ops/store-state.ts';
import { connectRedis } from '../redis/connect.ts';
import type { Settings } from '../settings/schema.ts';
import { createCatchUp } from './catch-up.ts';
import { redisDenylist, streamKey } from './denylist.ts';
import { FEED_BLOCK, followFeed } from './feed.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { repairDenylist } from './repair.ts';
import { deleteExpiredRevocations } from './revocations.ts';
import { createRevoker, type Revoker } from './revoke.ts';
import { sqlTokenStore } from './store.ts';

export interface RevocationService {
  readonly mirror: Mirror;
  readonly revoker: Revoker;
  /** Whether the database answers, as of the last half second or its timeout. */
  readonly database: StoreState;
  /** The same of Redis, where there is one. */
  readonly redis: readonly StoreState[];
  close(): void;
}

/** Milliseconds between two readings of the database: what the feed does not bring arrives within this. */
const POLL = 500;
const SWEEP = 60_000;
/** Rows deleted at once; the next sweep takes the next. */
const SWEEP_ROWS = 10_000;

/**
 * Keeps this process's mirror of the revocations up to date, from the database every half second and from Redis at once,
 * and the denylist in Redis whole. Resolves when the mirror is filled.
 *
 * @param onAccount hears of accounts whose tokens were voided, here or on another node
 * @throws GatewayError `service_unavailable` when the database is out at the start
 */
export async function startRevocations(
  database: Database,
  { redis, tokens }: Pick<Settings, 'redis' | 'tokens'>,
  log: Logger,
  onAccount: (accountId: string) => void,
): Promise<RevocationService> {
  const mirror = createMirror(onAccount);
  const databaseState = watchStore('database', log);
  const catchUp = createCatchUp(database, mirror, databaseState);
  await catchUp.now();

  const link = redis.url === null ? null : linkRedis(redis.url, redis, log);
  const stopping = new AbortController();
  const { signal } = stopping;
  const records = sqlTokenStore(database);

  // What the feed has told of, and whether it follows on a reading of the database: only then is it all there is to know.
  let heard = 0;
  let followsOn = false;
  let connections = 0;
  void every(POLL, signal, async () => {
    const before = connections;
    await catchUp.now();
    if (before === connections) followsOn = true;
    if (link?.state.isUp) await repairWhereBehind(link);
  });
  void every(SWEEP, signal, async () => {
    const now = Date.now();
    mirror.sweep(now);
    await records.deleteExpired(now, SWEEP_ROWS);
    await deleteExpiredRevocations(database, now, SWEEP_ROWS);
  });

  let behindAt: number | null = null;
  async function repairWhereBehind({ denylist, state }: RedisLink): Promise<void> {
    const { position } = mirror;
    try {
      const newest = await denylist.newest();
      if (newest !== null && newest >= position) {
        behindAt = null;
      } else if (behindAt === null || behindAt > position) {
        // Perhaps just on its way: only what is still missing at the next look is lost.
        behindAt = position;
      } else if (newest === null || newest < behindAt) {
        behindAt = null;
        if (await repairDenylist(database, denylist, position)) log.info({ position }, 'denylist written anew');
      }
    } catch (error) {
      state.down(error);
    }
  }

  const feed =
    link &&
    followFeed(link.reader, streamKey(redis.keyPrefix), {
      onConnected(goesOn) {
        if (goesOn) return;
        followsOn = false;
        connections += 1;
        void catchUp.now().catch(() => {});
      },
      onEntry(entry) {
        heard = Math.max(heard, entry.position);
        if (entry.position <= mirror.position) return;
        if (entry.kind !== 'mark') mirror.apply(entry);
        if (entry.kind !== 'mark' && entry.position === mirror.position + 1) mirror.advance(entry.position);
        else void catchUp.now().catch(() => {});
      },
      onCurrent(asOf) {
        link.state.up();
        if (followsOn && heard <= mirror.position) mirror.confirm(asOf);
      },
      onFailure: link.state.down,
    });

  return {
    mirror,
    revoker: createRevoker(database, { mirror, redis: link }, tokens.maxLifetime),
    database: databaseState,
    redis: link === null ? [] : [link.state],
    close() {
      stopping.abort();
      feed?.close();
      link?.writer.disconnect();
    },
  };
}

type RedisLink = ReturnType<typeof linkRedis>;

function linkRedis(
  location: NonNullable<Settings['redis']['url']>,
  { keyPrefix, timeout }: Settings['redis'],
  log: Logger,
) {
  const writer = connectRedis(location, timeout);
  const reader = connectRedis(location, FEED_BLOCK + timeout);
  return { writer, reader, denylist: redisDenylist(writer, keyPrefix), state: watchStore('redis', log) };
}

/** Does the work again and again until stopped; a failure has been reported by whoever met it. */
async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch(() => {});
    await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
