import { z } from 'zod';
import { randomHex } from '../http/random-hex.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { RedisClient } from '../stores/redis/connect.ts';
import type { Place, Revocation } from './history.ts';
import type { DeniedId, Revoked } from './revocations.ts';

/**
 * The revocations in Redis: `<prefix>denylist:<jti>`, with the rest of the token's life as its TTL, for whatever program
 * wants to read it, and the stream `<prefix>revocations`, by which other gateways hear of one within milliseconds.
 *
 * Every command is about one key, so that it works in a Cluster whatever the prefix is. All of them reject when Redis
 * is out, at the latest after its timeout.
 */
export interface Denylist {
  /** Denies the ids and tells the other gateways. */
  publish(revoked: Revoked): Promise<void>;
  deny(ids: readonly DeniedId[]): Promise<void>;
  /** Notes that the denylist is whole up to a place. */
  mark(place: Place): Promise<void>;
  /** Resolves when Redis takes writes. */
  probe(): Promise<void>;
  /** The place of this installation's newest entry in the stream; null where there is none: Redis is empty. */
  newest(installation: string): Promise<Place | null>;
  /** All revocations of this installation that the stream still has, the oldest first. */
  published(installation: string): Promise<Revocation[]>;
  /** The right to bring the denylist up to date, for `ms`; null where another process has it. */
  claimRepair(ms: number): Promise<RepairClaim | null>;
}

/** Held by one process at a time. */
export interface RepairClaim {
  /** @returns whether it was still held, and is so for `ms` from now on */
  renew(ms: number): Promise<boolean>;
  /** Gives it back, where it is still held: never another process's. */
  release(): Promise<void>;
}

/**
 * An entry of the stream. `previous` is the chain of the revocation before it. `mark`: the denylist has everything up to
 * this place.
 */
export type FeedEntry = z.output<typeof ENTRY>;

/** Entries kept for gateways that were away for a moment; those away for longer read the database. */
const STREAM_LENGTH = 10_000;
/** Milliseconds until a key that was only written to see whether that works is gone. */
const PROBE_LIFE = 10_000;
/** Commands on the way at the same time. */
const BATCH = 500;
/** Entries read at once in search of the newest of ours, where another installation writes to the same stream. */
const SEARCHED = 500;

/** Compared and changed in one step: the claim may have ended meanwhile, and be another process's. */
const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

export function streamKey(keyPrefix: string): string {
  return `${keyPrefix}revocations`;
}

/** @param clock the database's, by which tokens expire: Redis is told how long they live on, whatever its own time is */
export function redisDenylist(redis: RedisClient, keyPrefix: string, clock: Clock): Denylist {
  const stream = streamKey(keyPrefix);
  const repair = `${keyPrefix}repair`;

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
    mark: ({ installation, position, chain }) => append({ kind: 'mark', installation, position, chain }),
    async newest(installation) {
      let end = '+';
      for (let count = 1; ; count = SEARCHED) {
        const page = await redis.xrevrange(stream, end, '-', 'COUNT', count);
        for (const [, fields] of page) {
          const entry = parseEntry(fields);
          if (entry?.installation !== installation) continue;
          return { installation, position: entry.position, chain: entry.chain };
        }
        // The next page begins with it once more: Redis before 6.2 knows no way to leave it out.
        const oldest = page.at(-1)?.[0];
        if (oldest === undefined || oldest === end) return null;
        end = oldest;
      }
    },
    async published(installation) {
      const revocations: Revocation[] = [];
      let start = '-';
      for (;;) {
        const page = await redis.xrange(stream, start, '+', 'COUNT', SEARCHED);
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

/** @returns null for what is not an entry of a gateway: other programs can write to the stream too */
export function parseEntry(fields: readonly string[]): FeedEntry | null {
  try {
    return ENTRY.safeParse(JSON.parse(fields[fields.indexOf('entry') + 1] ?? '')).data ?? null;
  } catch {
    return null;
  }
}

const COUNT = z.int().nonnegative();
const PLACE = { installation: z.string(), position: COUNT, chain: z.string() };
const REVOCATION = { ...PLACE, previous: z.string(), expiresAt: COUNT };
/** Unknown keys are dropped: a later release may write more. */
const ENTRY = z.discriminatedUnion('kind', [
  z.object({ ...PLACE, kind: z.literal('mark') }),
  z.object({ ...REVOCATION, kind: z.literal('token'), jti: z.string() }),
  z.object({ ...REVOCATION, kind: z.literal('account'), accountId: z.string(), voidBefore: COUNT }),
]);
