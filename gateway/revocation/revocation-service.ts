import { GatewayError } from '../domain/errors.ts';
import type { ReadCutoff } from '../domain/identity.ts';
import type { Logger } from '../ops/log.ts';
import { type StoreState, watchStore } from '../ops/store-state.ts';
import { type Clock, createDatabaseClock, momentNow, waitUntil } from '../stores/database/clock.ts';
import { type ClockWatch, watchClock } from '../stores/database/clock-watch.ts';
import type { Database } from '../stores/database/connection.ts';
import type { OpenRedis } from '../stores/redis/open.ts';
import { whenReady } from '../stores/redis/when-ready.ts';
import { createCatchUp } from './catch-up.ts';
import { redisDenylist, streamKey } from './denylist.ts';
import { createDenylistRepair } from './denylist-repair.ts';
import { trackEntries } from './entry-tracker.ts';
import { followFeed } from './feed.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { followNotices } from './notices.ts';
import { repeat } from './repeat.ts';
import { createLostRevocations } from './restore-lost.ts';
import { createRevoker, longestLife, type RevocableLives, type Revoker } from './revoker.ts';

export interface RevocationService {
  readonly mirror: Mirror;
  readonly revoker: Revoker;
  readonly readCutoff: ReadCutoff;
  /**
   * Revokes all present tokens and sessions of the account. Waits for the second after an earlier cutoff first. Resolves
   * when the revocation is durable.
   */
  endAll(accountId: string): Promise<void>;
  /** Reads the database at once: another process of this gateway has revoked something. */
  readRevocations(): void;
  /** The database's clock, by which all records are dated and expire. */
  readonly clock: Clock;
  /** Compare this process's clock with the clocks of the stores. */
  readonly clocks: readonly ClockWatch[];
  /** The one of `clocks` for the database. */
  readonly databaseClock: ClockWatch;
  /** Whether the database answers; at most half a second old, or its timeout. */
  readonly database: StoreState;
  close(): void;
}

/** Milliseconds between two reads of the database: the longest delay of a revocation without Redis and notices. */
const POLL = 500;
/** Milliseconds between two searches for revoked accounts whose token records are not all marked. */
const MARK_INTERVAL = 2_000;
/** Milliseconds: the longest wait of `endAll` for an earlier cutoff to pass. */
const CUTOFF_WAIT = 30_000;
/** Milliseconds between two comparisons with the clock of Redis. */
const REDIS_CLOCK = 10_000;

/**
 * Keeps this process's mirror of the revocations up to date, from the database every half second and from Redis at once,
 * and keeps the denylist in Redis complete. Resolves when the mirror is filled.
 *
 * @param redis closed by the caller, after this service
 * @param onAccount receives accounts whose tokens were voided, on this node or another
 * @param announceRevocation called when this process has revoked something, so that the other workers read the database
 * @param poll milliseconds between two reads of the database
 * @throws GatewayError `service_unavailable` when the database is unavailable at the start
 */
export async function startRevocations(
  database: Database,
  redis: OpenRedis | null,
  lives: RevocableLives,
  log: Logger,
  onAccount: (accountId: string) => void,
  announceRevocation: () => void,
  poll = POLL,
): Promise<RevocationService> {
  const mirror = createMirror(onAccount);
  const clock = createDatabaseClock();
  const databaseClock = watchClock('database', log);
  const databaseState = watchStore('database', log);
  const lostRevocations = createLostRevocations(database, mirror, clock, log);
  const link = redis === null ? null : linkRedis(redis, { database, mirror, clock }, log);
  // Separate from the reads, which continue when only writes fail, so that the mirror stays correct.
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
        'the database has lost revocations that this node knows, as in a failover or a restore: restoring them',
      );
      lostRevocations.note();
      link?.requestRepair();
    },
  });
  // `databaseState` reports a failure, and the next poll tries again.
  const readRevocations = () => void catchUp.now().catch(() => {});
  const stopping = new AbortController();
  const { signal } = stopping;

  await catchUp.now();
  /** Whether the stream is yet to be compared with the database. */
  let isRecallDue = true;
  /** Runs before the first request too: a database that was restored while no node ran lacks revocations that Redis has. */
  const recall = async () => {
    if (link === null || mirror.completeTo === null) return;
    isRecallDue = false;
    try {
      await lostRevocations.recall(link.denylist, mirror.completeTo.installation);
    } catch (error) {
      isRecallDue = true;
      // The catch-up reports failures of the database.
      if (!(error instanceof GatewayError)) link.state.down(error);
    }
  };
  if (link !== null) {
    // A connection that is still being established is not an outage.
    await whenReady(link.client, link.timeout);
    if (link.client.status === 'ready') await recall();
  }
  const revoker = createRevoker(database, { mirror, redis: link, announceRevocation }, clock, longestLife(lives));

  const entries = trackEntries(mirror, log, readRevocations);
  void repeat(poll, signal, async () => {
    const done = entries.beforeReading();
    await catchUp.now();
    done();
  });
  void repeat(POLL, signal, lostRevocations.restore);
  void repeat(MARK_INTERVAL, signal, revoker.voidedMarker.all);
  let isFeedAlive = false;
  let hasFollowed = false;
  if (link !== null) {
    // In its own loop: a rewrite of a million ids must not delay the reads of revocations.
    void repeat(POLL, signal, async () => {
      // A read-only or full server accepts connections too: only a write shows that it works.
      await link.denylist.probe().then(() => isFeedAlive && link.state.up(), link.state.down);
      if (isRecallDue && link.state.isUp) await recall();
      await link.checkDenylist();
    });
    void repeat(REDIS_CLOCK, signal, link.compareClock);
  }
  void repeat(POLL, signal, async () => {
    await database.checkWritable().then(
      () => {
        isSound = true;
      },
      (error: unknown) => {
        // A check that runs while the service closes fails because its connection is closed.
        if (signal.aborted) return;
        isSound = false;
        databaseState.down(error);
      },
    );
  });
  const feed =
    link &&
    followFeed(link.reader, streamKey(link.keyPrefix), {
      onConnected(isContinued) {
        if (isContinued) return;
        if (hasFollowed) void link.streamLost();
        hasFollowed = true;
        entries.interrupted();
        void recall();
        readRevocations();
      },
      onEntry: entries.handle,
      onCurrent(asOf) {
        isFeedAlive = true;
        if (entries.isComplete()) mirror.confirm(asOf);
      },
      onFailure(error) {
        isFeedAlive = false;
        link.state.down(error);
      },
    });

  const notices =
    link === null && database.listen !== null
      ? followNotices(database.listen, log, (position) => {
          if (position > (mirror.completeTo?.position ?? 0)) readRevocations();
        })
      : null;

  const readCutoff: ReadCutoff = async (accountId) => {
    await catchUp.now();
    return mirror.cutoffOf(accountId);
  };
  return {
    mirror,
    revoker,
    readCutoff,
    async endAll(accountId) {
      // Cutoffs have a resolution of one second: a session started in the same second would survive the next cutoff.
      await waitUntil(await readCutoff(accountId), clock, CUTOFF_WAIT);
      await revoker.account(accountId);
    },
    readRevocations,
    clock,
    clocks: link === null ? [databaseClock] : [databaseClock, link.clock],
    databaseClock,
    database: databaseState,
    close() {
      feed?.close();
      notices?.close();
      stopping.abort();
    },
  };
}

function linkRedis(
  redis: OpenRedis,
  { database, mirror, clock }: { database: Database; mirror: Mirror; clock: Clock },
  log: Logger,
) {
  const { client, state } = redis;
  const denylist = redisDenylist(client, redis.keyPrefix, clock);
  const redisClock = watchClock('redis', log);
  return {
    ...redis,
    clock: redisClock,
    denylist,
    ...createDenylistRepair(database, mirror, { denylist, state }, clock, log),
    /** No rule uses the time of Redis, but a difference means that the clock of one machine is wrong. */
    async compareClock() {
      if (!state.isUp) return;
      const asked = momentNow();
      const [seconds, microseconds] = await client.time();
      const time = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
      redisClock.compare({ time, asked, answered: momentNow() });
    },
  };
}
