import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../database/connection.ts';
import type { Logger } from '../ops/log.ts';
import { type StoreState, steadily, watchStore } from '../ops/store-state.ts';
import { connectionErrorOf, connectRedis, type RedisClient, whenReady } from '../redis/connect.ts';
import { redisFailure } from '../redis/failure.ts';
import type { Settings } from '../settings/schema.ts';
import { createCatchUp } from './catch-up.ts';
import { redisDenylist, streamKey } from './denylist.ts';
import { FEED_BLOCK, followFeed } from './feed.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { keepDenylist } from './repair.ts';
import { deleteExpiredRevocations } from './revocations.ts';
import { createRevoker, longestLife, type RevocableLives, type Revoker } from './revoke.ts';
import { sqlTokenStore } from './store.ts';

export interface RevocationService {
  readonly mirror: Mirror;
  readonly revoker: Revoker;
  /**
   * The moment, in ms since 1970, before which the account's tokens are void, by whichever node up to this call.
   *
   * @throws GatewayError `service_unavailable` when the database is out
   */
  voidBefore(accountId: string): Promise<number>;
  /** Reads the database at once: another process of this gateway has revoked something. */
  lookNow(): void;
  /** Whether the database answers, as of the last half second or its timeout. */
  readonly database: StoreState;
  /** Redis, where there is one, and whether it answers. */
  readonly redis: { readonly client: RedisClient; readonly state: StoreState } | null;
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
 * @param tellSiblings is called when this process has revoked something, for the others to look
 * @throws GatewayError `service_unavailable` when the database is out at the start
 */
export async function startRevocations(
  database: Database,
  { redis, tokens, pages }: Pick<Settings, 'redis'> & RevocableLives,
  log: Logger,
  onAccount: (accountId: string) => void,
  tellSiblings: () => void,
): Promise<RevocationService> {
  const mirror = createMirror(onAccount);
  const databaseState = watchStore('database', log);
  // Apart from the readings, which go on where only writes fail: what is known of the revocations stays true.
  let isSound = true;
  const catchUp = createCatchUp(database, mirror, {
    up: () => isSound && databaseState.up(),
    down: databaseState.down,
  });
  // A failure is in the state of the database, and the next reading is at most half a second away.
  const lookNow = () => void catchUp.now().catch(() => {});
  await catchUp.now();

  const link = redis.url === null ? null : linkRedis(redis.url, redis, database, mirror, log);
  // A connection that is only being made is no outage.
  if (link !== null) await whenReady(link.writer, redis.timeout);
  const stopping = new AbortController();
  const { signal } = stopping;
  const records = sqlTokenStore(database);

  // The last entry that waits for a reading of the database, and whether the feed follows on one: only then is it all
  // there is to know.
  let awaited: number | null = null;
  let followsOn = false;
  let connections = 0;
  void every(POLL, signal, async () => {
    const before = { connections, awaited };
    await catchUp.now();
    if (before.connections === connections) followsOn = true;
    // It is in the database by now, or was never there.
    if (before.awaited === awaited) awaited = null;
  });
  // Apart from the readings: a million ids take longer than a revocation may.
  let isHeard = false;
  if (link !== null) {
    void every(POLL, signal, async () => {
      // A connection is no store that works: one that is read only, or full, has one too.
      await link.denylist.probe().then(() => isHeard && link.state.up(), link.state.down);
      await link.look();
    });
  }
  void every(POLL, signal, async () => {
    await database.verify().then(
      () => {
        isSound = true;
      },
      (error: unknown) => {
        isSound = false;
        databaseState.down(error);
      },
    );
  });
  void every(SWEEP, signal, async () => {
    const now = Date.now();
    mirror.sweep(now);
    await records.deleteExpired(now, SWEEP_ROWS);
    await deleteExpiredRevocations(database, now, SWEEP_ROWS);
  });

  const feed =
    link &&
    followFeed(link.reader, streamKey(redis.keyPrefix), {
      onConnected(goesOn) {
        if (goesOn) return;
        followsOn = false;
        connections += 1;
        lookNow();
      },
      onEntry(entry) {
        // Also where its position is an old one: a database that was restored from a copy gives positions out again.
        if (entry.kind !== 'mark') mirror.apply(entry);
        if (entry.position <= mirror.position) return;
        if (entry.kind !== 'mark' && entry.position === mirror.position + 1) return mirror.advance(entry.position);
        awaited = entry.position;
        lookNow();
      },
      onCurrent(asOf) {
        isHeard = true;
        if (followsOn && awaited === null) mirror.confirm(asOf);
      },
      onFailure(error) {
        isHeard = false;
        link.state.down(error);
      },
    });

  return {
    mirror,
    revoker: createRevoker(database, { mirror, redis: link, tellSiblings }, longestLife({ tokens, pages })),
    async voidBefore(accountId) {
      await catchUp.now();
      return mirror.voidBefore(accountId);
    },
    lookNow,
    database: databaseState,
    redis: link === null ? null : { client: link.writer, state: link.state },
    close() {
      stopping.abort();
      feed?.close();
      link?.writer.disconnect();
    },
  };
}

function linkRedis(
  location: NonNullable<Settings['redis']['url']>,
  { keyPrefix, timeout }: Settings['redis'],
  database: Database,
  mirror: Mirror,
  log: Logger,
) {
  const writer = connectRedis(location, timeout);
  const reader = connectRedis(location, FEED_BLOCK + timeout);
  const describe = (error: unknown) => redisFailure(error, connectionErrorOf(writer) ?? connectionErrorOf(reader));
  const state = steadily(watchStore('redis', log, describe));
  const told = { denylist: redisDenylist(writer, keyPrefix), state };
  return { writer, reader, ...told, ...keepDenylist(database, mirror, told, log) };
}

/** Does the work again and again until stopped; a failure has been reported by whoever met it. */
async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch(() => {});
    await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
