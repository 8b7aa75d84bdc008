import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import type { FeedEntry } from '../../gateway/revocation/denylist.ts';
import { FEED_BLOCK, followFeed } from '../../gateway/revocation/feed.ts';
import { connectRedis } from '../../gateway/stores/redis/connect.ts';
import { holds } from '../lab/waiting/condition.ts';
import { stopwatch } from '../lab/waiting/stopwatch.ts';
import { type RedisProcess, redisProcess } from '../support/stores/redis-process.ts';
import { locationOf } from '../support/stores/separate-services.ts';

const STREAM = 'p:revocations';
const TIMEOUT = 300;

test('entries arrive in their order, from the first connection on', async (t) => {
  const { writer, heard, state } = await follow(t, async (early) => {
    await append(early, 1);
  });
  t.deepEqual(state.connections, [false], 'what was before must be read elsewhere');
  for (let position = 2; position <= 30; position++) await append(writer, position);
  await holds('all have arrived', () => heard.length >= 29);
  t.deepEqual(heard, range(2, 30));
});

test('a thousand and more entries at once arrive, and the feed is current only behind the last', async (t) => {
  const { writer, heard, state } = await follow(t);
  const pipeline = writer.pipeline();
  for (const position of range(1, 2_500)) pipeline.xadd(STREAM, '*', 'entry', mark(position));
  const before = state.current.length;
  const from = performance.now();
  await pipeline.exec();
  await holds('all have arrived', () => heard.length === 2_500);
  t.deepEqual(heard, range(1, 2_500));
  await holds('and it is current', () => state.current.length > before);
  await holds('as of a moment after they were written', () => (state.current.at(-1)?.asOf ?? 0) > from);
  for (const { asOf, heardThen } of state.current.slice(before)) {
    if (asOf > from + 2_000) t.is(heardThen, 2_500);
  }
});

test('it is current every half second without any entry, as of before it asked', async (t) => {
  const { state } = await follow(t);
  const before = state.current.length;
  await holds('several reads have come back', () => state.current.length >= before + 3);
  for (const { asOf, at } of state.current.slice(before)) t.true(at - asOf >= FEED_BLOCK - 100, `${at - asOf} ms`);
});

test('what is none of ours in the stream is skipped', async (t) => {
  const { writer, heard, state } = await follow(t);
  await writer.xadd(STREAM, '*', 'something', 'else');
  await writer.xadd(STREAM, '*', 'entry', '{"kind":');
  await writer.xadd(STREAM, '*', 'entry', JSON.stringify({ kind: 'token', position: '1' }));
  await append(writer, 7);
  await holds('ours has arrived', () => heard.length > 0);
  t.deepEqual(heard, [7]);
  t.deepEqual(state.failures, []);
});

test('a connection that is cut loses nothing, however often', async (t) => {
  const { writer, heard, state } = await follow(t);
  for (let position = 1; position <= 60; position++) {
    await append(writer, position);
    if (position % 10 === 0) {
      const connections = state.connections.length;
      await writer.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      if (position % 20 === 0) await holds('it is back', () => state.connections.length > connections);
    }
  }
  await holds('all have arrived', () => heard.length >= 60);
  t.deepEqual(heard, range(1, 60));
  t.deepEqual([...new Set(state.connections.slice(1))], [true], 'it goes on where it left off');
});

test('a stream that is deleted under the feed begins anew, and what is written then arrives', async (t) => {
  for (const lose of ['del', 'flushall'] as const) {
    const { writer, heard } = await follow(t);
    const [written] = String(await append(writer, 1)).split('-');
    await holds('the first has arrived', () => heard.length === 1);
    // The ids of a new stream begin with the time, and the same millisecond would make the same id once more.
    await holds('the millisecond is over', () => Date.now() > Number(written));
    await (lose === 'del' ? writer.del(STREAM) : writer.flushall());
    await append(writer, 2);
    await holds('the next has arrived', () => heard.length === 2);
    t.deepEqual(heard, [1, 2]);
  }
});

test('a server that came back empty is followed from its beginning', async (t) => {
  const { server, writer, heard, state } = await follow(t);
  await append(writer, 1);
  await holds('the first has arrived', () => heard.length === 1);
  await server.kill();
  await holds('it has failed', () => state.failures.length > 0);
  await server.start();
  await holds('it is back', () => state.connections.length === 2);
  t.deepEqual(state.connections, [false, false], 'what was lost must be read elsewhere');
  await holds('so is the writer', () => writer.status === 'ready');
  await append(writer, 2);
  await holds('the next has arrived', () => heard.length === 2);
  t.deepEqual(heard, [1, 2]);
});

test('a stream that was lost while the feed was away is not taken for the old one, though others wrote into it', async (t) => {
  const { writer, heard, state } = await follow(t);
  await append(writer, 1);
  await holds('the first has arrived', () => heard.length === 1);
  const connections = state.connections.length;
  const lost = writer.multi().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').del(STREAM);
  await lost.xadd(STREAM, '*', 'entry', mark(5)).exec();
  await holds('it is back', () => state.connections.length > connections);
  t.deepEqual(state.connections, [false, false], 'what was lost must be read elsewhere');
  await append(writer, 6);
  await holds('what is in the new stream has arrived', () => heard.length >= 3);
  t.deepEqual(heard, [1, 5, 6]);
});

test('entries that were dropped from the stream while the feed was away must be read elsewhere', async (t) => {
  const { writer, heard, state } = await follow(t);
  await append(writer, 1);
  await holds('the first has arrived', () => heard.length === 1);
  const connections = state.connections.length;
  const pipeline = writer.multi().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  for (const position of range(2, 9)) pipeline.xadd(STREAM, 'MAXLEN', '=', 3, '*', 'entry', mark(position));
  await pipeline.exec();
  await holds('it is back', () => state.connections.length > connections);
  t.false(state.connections.at(-1));
  await holds('the last ones have arrived', () => heard.at(-1) === 9);
  t.deepEqual(heard, [1, 7, 8, 9]);
});

test('a server that hangs is a failure in time, and is followed again when it goes on, without a loss', async (t) => {
  const { server, writer, heard, state } = await follow(t);
  await append(writer, 1);
  await holds('the first has arrived', () => heard.length === 1);
  server.pause();
  const taken = stopwatch();
  await holds('it has failed', () => state.failures.length > 0);
  t.true(taken() < FEED_BLOCK + TIMEOUT + 700, `${taken()} ms`);
  const late = append(writer, 2);
  server.continue();
  await late;
  await holds('what came meanwhile has arrived', () => heard.length === 2);
  t.true(state.connections.at(-1));
});

test('a server that comes later is followed then', async (t) => {
  const server = await redisProcess(t);
  await server.kill();
  const { heard, state } = startFeed(t, server);
  await holds('it has failed', () => state.failures.length > 0);
  await server.start();
  await holds('it is connected', () => state.connections.length > 0);
  const writer = new Redis({ port: server.port });
  t.teardown(() => writer.disconnect());
  await append(writer, 1);
  await holds('it has arrived', () => heard.length === 1);
  t.deepEqual(state.connections, [false]);
});

test('after it is closed nothing arrives and nothing is reported', async (t) => {
  const { writer, heard, state, feed } = await follow(t);
  feed.close();
  const failures = state.failures.length;
  await append(writer, 1);
  await holds('its connection is gone', () => state.redis.status === 'end');
  t.deepEqual([heard.length, state.failures.length], [0, failures]);
});

/** Follows a Redis of its own, and resolves when it is connected. */
async function follow(t: ExecutionContext, before: (writer: Redis) => Promise<void> = async () => {}) {
  const server = await redisProcess(t);
  const writer = new Redis({ port: server.port });
  writer.on('error', () => {});
  t.teardown(() => writer.disconnect());
  await before(writer);
  const followed = startFeed(t, server);
  await holds('it is connected', () => followed.state.connections.length > 0);
  return { server, writer, ...followed };
}

function startFeed(t: ExecutionContext, server: RedisProcess) {
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), FEED_BLOCK + TIMEOUT);
  const heard: number[] = [];
  const state = {
    redis,
    connections: [] as boolean[],
    failures: [] as unknown[],
    current: [] as { asOf: number; at: number; heardThen: number }[],
  };
  const feed = followFeed(redis, STREAM, {
    onEntry: (entry: FeedEntry) => void heard.push(entry.position),
    onCurrent: (asOf) => void state.current.push({ asOf, at: performance.now(), heardThen: heard.length }),
    onConnected: (goesOn) => void state.connections.push(goesOn),
    onFailure: (error) => void state.failures.push(error),
  });
  t.teardown(feed.close);
  return { feed, heard, state };
}

function append(redis: Redis, position: number): Promise<string | null> {
  return redis.xadd(STREAM, '*', 'entry', mark(position));
}

function mark(position: number): string {
  return JSON.stringify({ kind: 'mark', installation: 'ours', chain: 'a', position });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
