import { z } from 'zod';
import { randomHex } from '../http/random-hex.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { RedisClient } from '../stores/redis/connect.ts';
import type { LogPosition, Revocation } from './history.ts';
import type { DeniedId, Revoked } from './revocations.ts';

/**
 * The revocations in Redis: the keys `<prefix>denylist:<jti>` for other programs, with the remaining life of the token as
 * TTL, and the stream `<prefix>revocations`, which delivers revocations to other nodes within milliseconds.
 *
 * Each command has one key, so that it works in a Cluster with any prefix. All methods reject when Redis is unavailable, at
 * the latest after its timeout.
 */
export interface Denylist {
  /** Denies the ids and appends the revocations to the stream. */
  publish(revoked: Revoked): Promise<void>;
  deny(ids: readonly DeniedId[]): Promise<void>;
  /** Notes that the denylist is complete up to this position, also with a mark in the stream. */
  mark(upTo: LogPosition): Promise<void>;
  /** Whether it was noted that the denylist of this installation is complete, and Redis has kept what it had since. */
  isMarked(installation: string): Promise<boolean>;
  /** Notes that entries were lost: one process rewrites the denylist. */
  unmark(installation: string): Promise<void>;
  /** Resolves when Redis accepts writes. */
  probe(): Promise<void>;
  /** The position of this installation's newest entry in the stream; null: there is none. */
  newest(installation: string): Promise<LogPosition | null>;
  /** All revocations of this installation in the stream, the oldest first. */
  published(installation: string): Promise<Revocation[]>;
  /** Locks the repair of the denylist for `ms` milliseconds; null when another process holds the lock. */
  claimRepair(ms: number): Promise<RepairClaim | null>;
}

/** Held by one process at a time. */
export interface RepairClaim {
  /** Extends the lock to `ms` from now. @returns whether it was still held */
  renew(ms: number): Promise<boolean>;
  /** Releases the lock if this process still holds it. */
  release(): Promise<void>;
}

/**
 * An entry of the stream. `previous` is the chain of the revocation before it. `mark`: the denylist has everything up to
 * this position.
 */
export type FeedEntry = z.output<typeof ENTRY>;

/** Entries kept for nodes that reconnect; after a longer absence they read the database. */
const STREAM_LENGTH = 10_000;
/** TTL of the key that probes write, in ms. */
const PROBE_LIFE = 10_000;
/** Maximum number of commands in flight. */
const BATCH = 500;
/** Entries per page when searching for this installation's entries. */
const PAGE_SIZE = 500;

/** Compare and change atomically: the lock may have expired, and belong to another process. */
const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

export function streamKey(keyPrefix: string): string {
  return `${keyPrefix}revocations`;
}

/** @param clock the database's clock, by which tokens expire. Redis gets TTLs, so its own clock does not matter. */
export function redisDenylist(redis: RedisClient, keyPrefix: string, clock: Clock): Denylist {
  const stream = streamKey(keyPrefix);
  const repair = `${keyPrefix}repair`;
  /** Is lost with everything else. The stream alone does not show a loss: a revocation may have been published after it. */
  const complete = (installation: string) => `${keyPrefix}denylist-complete:${installation}`;

  const append = async (entry: FeedEntry) => {
    await redis.xadd(stream, 'MAXLEN', '~', STREAM_LENGTH, '*', 'entry', JSON.stringify(entry));
  };

  const deny = async (ids: readonly DeniedId[]) => {
    for (let from = 0; from < ids.length; from += BATCH) {
      await Promise.all(
        ids.slice(from, from + BATCH).map(async ({ jti, expiresAt }) => {
          const life = Math.ceil(expiresAt - clock.now());
          if (life > 0) await redis.set(`${keyPrefix}denylist:${jti}`, '1', 'PX', life);
        }),
      );
    }
  };

  return {
    deny,
    async publish({ installation, previous, revocations, ids }) {
      const entries = revocations.map((one, i) => {
        return { installation, previous: revocations[i - 1]?.chain ?? previous, ...one };
      });
      await Promise.all([...entries.map(append), deny(ids)]);
    },
    async probe() {
      await redis.set(`${keyPrefix}probe`, '1', 'PX', PROBE_LIFE);
    },
    async mark({ installation, position, chain }) {
      await append({ kind: 'mark', installation, position, chain });
      await redis.set(complete(installation), '1');
    },
    isMarked: async (installation) => (await redis.get(complete(installation))) !== null,
    async unmark(installation) {
      await redis.del(complete(installation));
    },
    async newest(installation) {
      let end = '+';
      for (let count = 1; ; count = PAGE_SIZE) {
        const page = await redis.xrevrange(stream, end, '-', 'COUNT', count);
        for (const [, fields] of page) {
          const entry = parseEntry(fields);
          if (entry?.installation !== installation) continue;
          return { installation, position: entry.position, chain: entry.chain };
        }
        // The next page begins with this entry again: exclusive ranges need Redis 6.2.
        const oldest = page.at(-1)?.[0];
        if (oldest === undefined || oldest === end) return null;
        end = oldest;
      }
    },
    async published(installation) {
      const revocations: Revocation[] = [];
      let start = '-';
      for (;;) {
        const page = await redis.xrange(stream, start, '+', 'COUNT', PAGE_SIZE);
        for (const [, fields] of page) {
          const entry = parseEntry(fields);
          if (entry?.installation === installation && entry.kind !== 'mark') revocations.push(entry);
        }
        const newest = page.at(-1)?.[0];
        if (newest === undefined || newest === start) return revocations;
        start = newest;
      }
    },
    async claimRepair(ms) {
      const value = randomHex(32);
      if ((await redis.set(repair, value, 'PX', ms, 'NX')) !== 'OK') return null;
      return {
        renew: async (more) => (await redis.eval(RENEW, 1, repair, value, more)) === 1,
        async release() {
          await redis.eval(RELEASE, 1, repair, value);
        },
      };
    },
  };
}

/** @returns null when another program wrote the entry */
export function parseEntry(fields: readonly string[]): FeedEntry | null {
  try {
    return ENTRY.safeParse(JSON.parse(fields[fields.indexOf('entry') + 1] ?? '')).data ?? null;
  } catch {
    return null;
  }
}

const COUNT = z.int().nonnegative();
const POSITION = { installation: z.string(), position: COUNT, chain: z.string() };
const REVOCATION = { ...POSITION, previous: z.string(), expiresAt: COUNT };
/** Drops unknown keys, which a later release may write. */
const ENTRY = z.discriminatedUnion('kind', [
  z.object({ ...POSITION, kind: z.literal('mark') }),
  z.object({ ...REVOCATION, kind: z.literal('token'), jti: z.string() }),
  z.object({ ...REVOCATION, kind: z.literal('account'), accountId: z.string(), voidBefore: COUNT }),
]);
