import type { RedisClient } from '../redis/connect.ts';
import type { DeniedId, Revocation, Revoked } from './revocations.ts';

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
  /** Notes that the denylist is whole up to a position. */
  mark(position: number): Promise<void>;
  /** Resolves when Redis takes writes. */
  probe(): Promise<void>;
  /** The position of the newest entry of the stream; null where there is none: Redis is empty. */
  newest(): Promise<number | null>;
  /** Whether this process may bring the denylist up to date; nobody else gets it for `ms`. */
  claimRepair(ms: number): Promise<boolean>;
  releaseRepair(): Promise<void>;
}

/** What an entry of the stream says. `mark`: that all up to its position has been written. */
export type FeedEntry = Revocation | { readonly kind: 'mark'; readonly position: number };

/** Entries kept for gateways that were away for a moment; those away for longer read the database. */
const STREAM_LENGTH = 10_000;
/** Milliseconds until a key that was only written to see whether that works is gone. */
const PROBE_LIFE = 10_000;
/** Commands on the way at the same time. */
const BATCH = 500;

export function streamKey(keyPrefix: string): string {
  return `${keyPrefix}revocations`;
}

export function redisDenylist(redis: RedisClient, keyPrefix: string): Denylist {
  const stream = streamKey(keyPrefix);

  const append = async (entry: FeedEntry) => {
    await redis.xadd(stream, 'MAXLEN', '~', STREAM_LENGTH, '*', 'entry', JSON.stringify(entry));
  };

  const deny = async (ids: readonly DeniedId[]) => {
    for (let from = 0; from < ids.length; from += BATCH) {
      await Promise.all(
        ids.slice(from, from + BATCH).map(async ({ jti, expiresAt }) => {
          const life = Math.ceil(expiresAt - Date.now());
          if (life > 0) await redis.set(`${keyPrefix}denylist:${jti}`, '1', 'PX', life);
        }),
      );
    }
  };

  return {
    deny,
    async publish({ revocations, ids }) {
      await Promise.all([...revocations.map(append), deny(ids)]);
    },
    async probe() {
      await redis.set(`${keyPrefix}probe`, '1', 'PX', PROBE_LIFE);
    },
    mark: (position) => append({ kind: 'mark', position }),
    async newest() {
      const [entry] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
      return entry === undefined ? null : (parseEntry(entry[1])?.position ?? null);
    },
    async claimRepair(ms) {
      return (await redis.set(`${keyPrefix}repair`, '1', 'PX', ms, 'NX')) === 'OK';
    },
    async releaseRepair() {
      await redis.del(`${keyPrefix}repair`);
    },
  };
}

/** @returns null for what is no entry of ours: the stream lies where other programs can write */
export function parseEntry(fields: readonly string[]): FeedEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(fields[fields.indexOf('entry') + 1] ?? '');
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { kind, position, expiresAt, jti, accountId, voidBefore } = value as Record<string, unknown>;
  if (!isCount(position)) return null;
  if (kind === 'mark') return { kind, position };
  if (!isCount(expiresAt)) return null;
  if (kind === 'token' && typeof jti === 'string') return { kind, position, expiresAt, jti };
  if (kind === 'account' && typeof accountId === 'string' && isCount(voidBefore)) {
    return { kind, position, expiresAt, accountId, voidBefore };
  }
  return null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
