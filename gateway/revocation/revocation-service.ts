import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../domain/errors.ts';
import type { ReadCutoff } from '../domain/identity.ts';
import type { Logger } from '../ops/log.ts';
import { type StoreState, steadily, watchStore } from '../ops/store-state.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { type Clock, createDatabaseClock, KEPT_BEYOND_END, momentNow } from '../stores/database/clock.ts';
import { type ClockWatch, watchClock } from '../stores/database/clock-watch.ts';
import type { Database } from '../stores/database/connection.ts';
import { connectionErrorOf, connectRedis, type RedisClient, whenReady } from '../stores/redis/connect.ts';
import { redisFailure } from '../stores/redis/failure.ts';
import { sqlTokenStore } from '../stores/tokens/store.ts';
import { createCatchUp } from './catch-up.ts';
import { redisDenylist, streamKey } from './denylist.ts';
import { createDenylistRepair } from './denylist-repair.ts';
import { trackEntries } from './entry-tracker.ts';
import { FEED_BLOCK, followFeed } from './feed.ts';
import { deleteExpiredRevocations } from './history.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { createLostRevocations } from './restore-lost.ts';
import { createRevoker, longestLife, type RevocableLives, type Revoker } from './revoker.ts';

export interface RevocationService {
  readonly mirror: Mirror;
  readonly revoker: Revoker;
  readonly readCutoff: ReadCutoff;
  /** Reads the database at once: another process of this gateway has revoked something. */
  lookNow(): void;
  /** The database's time, by which everything is dated and judged. */
  readonly clock: Clock;
  /** How this process's own clock compares with those of the stores. */
  readonly clocks: readonly ClockWatch[];
  /** Whether the database answers, as of the last half second or its timeout. */
  readonly database: StoreState;
  /** Redis, where there is one, and whether it answers. */
  readonly redis: { readonly client: RedisClient; readonly state: StoreState } | null;
  close(): void;
}

/** Milliseconds between two readings of the database: what the feed does not bring arrives within this. */
const POLL = 500;
/** Milliseconds between two looks for accounts whose tokens a process has voided and not marked. */
const FOLLOW_UP = 2_000;
/** Milliseconds between two comparisons with the clock of Redis. */
const REDIS_CLOCK = 10_000;
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
  const clock = createDatabaseClock();
  const databaseClock = watchClock('database', log);
  const databaseState = watchStore('database', log);
  const lostRevocations = createLostRevocations(database, mirror, clock, log);
  const link = redis.url === null ? null : linkRedis(redis.url, redis, { database, mirror, clock }, log);
  // Apart from the readings, which go on where only writes fail: what is known of the revocations stays true.
  let isSound = true;
  const soundness = { up: () => isSound && databaseState.up(), down: databaseState.down };
  const catchUp = createCatchUp(database, mirror, soundness, clock, {
    onTime(reading) {
      clock.set(reading);
      databaseClock.compare(reading);
    },
    onRewritten(known, now) {
      log.warn(
        { known: known.position, position: now.position },
        'the database has lost revocations that this node knows, as in a failover or a restore: they are put back',
      );
      lostRevocations.note();
      link?.requestRepair();
    },
  });
  // A failure is in the state of the database, and the next reading is at most half a second away.
  const lookNow = () => void catchUp.now().catch(() => {});
  const stopping = new AbortController();
  const { signal } = stopping;
  const close = () => {
    stopping.abort();
    link?.reader.disconnect();
    link?.writer.disconnect();
  };

  try {
    await catchUp.now();
  } catch (error) {
    close();
    throw error;
  }
  /** Before anybody is let in: a database that was restored while no node ran has forgotten what Redis still has. */
  const recall = async () => {
    if (link === null || mirror.place === null) return;
    try {
      await lostRevocations.recall(link.denylist, mirror.place.installation);
    } catch (error) {
      // A failure of the database is reported by the catch-up, which asks it all the time.
      if (!(error instanceof GatewayError)) link.state.down(error);
    }
  };
  if (link !== null) {
    // A connection that is only being made is no outage.
    await whenReady(link.writer, redis.timeout);
    if (link.writer.status === 'ready') await recall();
  }
  const records = sqlTokenStore(database);
  const revoker = createRevoker(database, { mirror, redis: link, tellSiblings }, clock, longestLife({ tokens, pages }));

  const entries = trackEntries(mirror, log, lookNow);
  void every(POLL, signal, async () => {
    const done = entries.beforeReading();
    await catchUp.now();
    done();
  });
  void every(POLL, signal, lostRevocations.restore);
  void every(FOLLOW_UP, signal, revoker.voidedMarker.all);
  let isHeard = false;
  if (link !== null) {
    // Apart from the readings: a million ids take longer than a revocation may.
    void every(POLL, signal, async () => {
      // A connection is no store that works: one that is read only, or full, has one too.
      await link.denylist.probe().then(() => isHeard && link.state.up(), link.state.down);
      await link.checkDenylist();
    });
    void every(REDIS_CLOCK, signal, link.compareClock);
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
    // One of the two clocks is wrong, and it may be the database's.
    if (!databaseClock.isUp || !databaseState.isUp) return;
    const now = clock.now();
    mirror.sweep(now - KEPT_BEYOND_END);
    await records.deleteExpired(now - KEPT_BEYOND_END, SWEEP_ROWS);
    await deleteExpiredRevocations(database, now, SWEEP_ROWS);
  });

  const feed =
    link &&
    followFeed(link.reader, streamKey(redis.keyPrefix), {
      onConnected(isContinued) {
        if (isContinued) return;
        entries.interrupted();
        void recall();
        lookNow();
      },
      onEntry: entries.handle,
      onCurrent(asOf) {
        isHeard = true;
        if (entries.isComplete()) mirror.confirm(asOf);
      },
      onFailure(error) {
        isHeard = false;
        link.state.down(error);
      },
    });

  return {
    mirror,
    revoker,
    async readCutoff(accountId) {
      await catchUp.now();
      return mirror.cutoffOf(accountId);
    },
    lookNow,
    clock,
    clocks: link === null ? [databaseClock] : [databaseClock, link.clock],
    database: databaseState,
    redis: link === null ? null : { client: link.writer, state: link.state },
    close() {
      feed?.close();
      close();
    },
  };
}

function linkRedis(
  location: NonNullable<Settings['redis']['url']>,
  { keyPrefix, timeout }: Settings['redis'],
  { database, mirror, clock }: { database: Database; mirror: Mirror; clock: Clock },
  log: Logger,
) {
  const writer = connectRedis(location, timeout);
  const reader = connectRedis(location, FEED_BLOCK + timeout);
  const describe = (error: unknown) => redisFailure(error, connectionErrorOf(writer) ?? connectionErrorOf(reader));
  const state = steadily(watchStore('redis', log, describe));
  const told = { denylist: redisDenylist(writer, keyPrefix, clock), state };
  const redisClock = watchClock('redis', log);
  return {
    writer,
    reader,
    clock: redisClock,
    ...told,
    ...createDenylistRepair(database, mirror, told, clock, log),
    /** Nothing depends on the time of Redis, but where it is another, one of the machines is set wrong. */
    async compareClock() {
      if (!told.state.isUp) return;
      const asked = momentNow();
      const [seconds, microseconds] = await writer.time();
      const time = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
      redisClock.compare({ time, asked, answered: momentNow() });
    },
  };
}

/** Does the work again and again until stopped; a failure has been reported by whoever met it. */
async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch(() => {});
    await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
