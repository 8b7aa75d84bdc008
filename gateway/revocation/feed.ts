import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { RedisClient } from '../stores/redis/connect.ts';
import { whenReady } from '../stores/redis/when-ready.ts';
import { type FeedEntry, parseEntry } from './denylist.ts';

/** Receives revocations from Redis. `catch-up.ts` reads them from the database. */
export interface Feed {
  close(): void;
}

export interface FeedListener {
  onEntry(entry: FeedEntry): void;
  /** All entries up to the moment `asOf` of `performance.now()` have been passed to `onEntry`. */
  onCurrent(asOf: number): void;
  /**
   * Connected. `isContinued`: no entry was missed since the last read. Otherwise (on the first connection, or after the
   * stream was lost) earlier revocations must be read from the database.
   */
  onConnected(isContinued: boolean): void;
  onFailure(error: unknown): void;
}

/** Milliseconds that the server blocks a read without entries. Each reply shows that the server is alive. */
export const FEED_BLOCK = 500;
const READ = 1_000;
/** Milliseconds before a missing first connection counts as a failure. */
const FIRST_CONNECTION = 2_000;
/** Milliseconds between two attempts to connect. */
const NOT_READY_PAUSE = 50;

/** An answer to XREAD: null, or the one stream with its entries. */
const REPLY = z.tuple([z.tuple([z.string(), z.array(z.tuple([z.string(), z.array(z.string())]))])]).nullable();

/**
 * The entries of an answer.
 *
 * @throws TypeError for another answer, as of a broken proxy: it must not count as word that there are no revocations
 */
function entriesIn(reply: unknown): readonly [id: string, fields: string[]][] {
  const parsed = REPLY.safeParse(reply);
  if (!parsed.success) throw new TypeError('the answer to XREAD has another form');
  return parsed.data?.[0][1] ?? [];
}

/**
 * Follows the stream of revocations on its own connection, and continues after an interruption.
 *
 * @param redis a client whose commands time out later than `FEED_BLOCK`
 */
export function followFeed(redis: RedisClient, stream: string, listener: FeedListener): Feed {
  let closed = false;
  let lastId: string | null = null;
  let connected = false;

  const connect = async () => {
    let isContinued = false;
    if (lastId === null) {
      const [newest] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
      lastId = newest?.[0] ?? '0-0';
    } else {
      // If the last read entry is gone, the stream was lost and started again, or has been trimmed past it.
      isContinued = (await redis.xrange(stream, lastId, lastId)).length > 0;
      if (!isContinued) lastId = '0-0';
    }
    connected = true;
    listener.onConnected(isContinued);
  };

  const read = async (from: string) => {
    const asOf = performance.now();
    const reply = await redis.xread('COUNT', READ, 'BLOCK', FEED_BLOCK, 'STREAMS', stream, from);
    // Drops a late reply: the listener is closed.
    if (closed) return;
    const entries = entriesIn(reply);
    for (const [id, fields] of entries) {
      lastId = id;
      const entry = parseEntry(fields);
      if (entry !== null) listener.onEntry(entry);
    }
    if (entries.length < READ) listener.onCurrent(asOf);
  };

  const follow = async () => {
    await whenReady(redis, FIRST_CONNECTION);
    while (!closed) {
      try {
        if (!connected || lastId === null) await connect();
        else await read(lastId);
      } catch (error) {
        if (closed) return;
        listener.onFailure(error);
        connected = false;
        await pause(NOT_READY_PAUSE);
      }
    }
  };
  void follow();

  return {
    close() {
      closed = true;
      redis.disconnect();
    },
  };
}
