import { setTimeout as pause } from 'node:timers/promises';
import { type RedisClient, whenReady } from '../stores/redis/connect.ts';
import { type FeedEntry, parseEntry } from './denylist.ts';

export interface Feed {
  close(): void;
}

export interface FeedListener {
  onEntry(entry: FeedEntry): void;
  /** There was nothing in the stream beyond what `onEntry` was told, at the moment `asOf` of `performance.now()`. */
  onCurrent(asOf: number): void;
  /**
   * The connection is there. Unless it goes on where it left off, what happened before must be read elsewhere: it is the
   * first one, or the stream was lost meanwhile.
   */
  onConnected(goesOn: boolean): void;
  onFailure(error: unknown): void;
}

/** Milliseconds that the server holds a read back until there is something; each return proves that it is there. */
export const FEED_BLOCK = 500;
const READ = 1_000;
/** Milliseconds for the first connection, before it is called a failure. */
const FIRST_CONNECTION = 2_000;
/** Milliseconds between two looks at a connection that is not there. */
const NOT_READY_PAUSE = 50;

/**
 * Follows the stream of revocations on a connection of its own, and goes on where it left off after a break.
 *
 * @param redis a client whose commands time out later than `FEED_BLOCK`
 */
export function followFeed(redis: RedisClient, stream: string, listener: FeedListener): Feed {
  let closed = false;
  let lastId: string | null = null;
  let connected = false;

  const connect = async () => {
    let goesOn = false;
    if (lastId === null) {
      const [newest] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
      lastId = newest?.[0] ?? '0-0';
    } else {
      // Without the entry that was read last, the stream was lost and begun anew, or has dropped what is older than it keeps.
      goesOn = (await redis.xrange(stream, lastId, lastId)).length > 0;
      if (!goesOn) lastId = '0-0';
    }
    connected = true;
    listener.onConnected(goesOn);
  };

  const read = async (from: string) => {
    const asOf = performance.now();
    const reply = await redis.xread('COUNT', READ, 'BLOCK', FEED_BLOCK, 'STREAMS', stream, from);
    // An answer that was on its way: those whom it would be told to have been closed, too.
    if (closed) return;
    const entries = reply?.[0]?.[1] ?? [];
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
