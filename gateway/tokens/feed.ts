import { setTimeout as pause } from 'node:timers/promises';
import { type RedisClient, whenReady } from '../redis/connect.ts';
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
    const [newest] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
    const newestId = newest?.[0] ?? '0-0';
    const goesOn = lastId !== null && !isBefore(newestId, lastId);
    if (lastId === null) lastId = newestId;
    // A newest id before ours means that the stream was lost and begun anew; of the new one, nothing is known.
    else if (!goesOn) lastId = '0-0';
    connected = true;
    listener.onConnected(goesOn);
  };

  const read = async (from: string) => {
    const asOf = performance.now();
    const reply = await redis.xread('COUNT', READ, 'BLOCK', FEED_BLOCK, 'STREAMS', stream, from);
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
        // A server that hangs keeps its connection: it is left, so that a new one can be tried.
        if (connected && redis.status === 'ready') redis.disconnect(true);
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

/** Compares two ids of a stream: milliseconds, a dash, and a sequence number. */
function isBefore(a: string, b: string): boolean {
  const [aTime = 0, aSequence = 0] = a.split('-').map(Number);
  const [bTime = 0, bSequence = 0] = b.split('-').map(Number);
  return aTime < bTime || (aTime === bTime && aSequence < bSequence);
}
