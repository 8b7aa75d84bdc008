import test from 'ava';
import type { GatewayError } from '../../../gateway/domain/errors.ts';
import {
  createHashingQueue,
  type HashingLimits,
  type HashingQueue,
} from '../../../gateway/identify/passwords/hashing-queue.ts';

const LIMITS: HashingLimits = { width: 1, capacity: 1_000, patience: 60_000 };

/** A queue whose checks end when they are told to, by name. */
function heldQueue(limits: Partial<HashingLimits> = {}) {
  const queue = createHashingQueue({ ...LIMITS, ...limits });
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    queue,
    started,
    ask: (client: string, name: string) =>
      queue.run(client, () => {
        started.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      }),
    async end(name: string) {
      ends.get(name)?.();
      // The place is passed on when the promises of the check before have settled.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Lets the queue measure one check, and expect the next ones to take as long. @returns how many fit into a second */
async function measureOne(queue: HashingQueue, ms: number): Promise<number> {
  const begun = performance.now();
  await queue.run('warm-up', () => new Promise((resolve) => setTimeout(resolve, ms)));
  return 1_000 / (performance.now() - begun);
}

/** Asks for checks, of ever other clients, until one is refused at once. */
function fill(queue: HashingQueue, ask: (client: string, name: string) => Promise<void>) {
  const admitted: { readonly name: string; readonly done: Promise<void> }[] = [];
  for (let i = 0; ; i++) {
    const before = queue.waiting + queue.running;
    const done = ask(`client ${i}`, `check ${i}`);
    if (queue.waiting + queue.running === before) return { admitted, refused: done };
    admitted.push({ name: `check ${i}`, done });
  }
}

async function refusal(t: { throwsAsync: (work: Promise<unknown>) => Promise<unknown> }, work: Promise<unknown>) {
  const error = (await t.throwsAsync(work)) as GatewayError;
  return { status: error.status, retryAfter: Number(error.headers['Retry-After']) };
}

test('clients take turns, however many checks each of them has', async (t) => {
  const { ask, end, started, queue } = heldQueue();
  const all = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask('a', 'a4'), ask('c', 'c1')];
  t.is(queue.waiting, 5);
  for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'a4']) await end(name);
  t.deepEqual(started, ['a1', 'a2', 'b1', 'c1', 'a3', 'a4']);
  await Promise.all(all);
  t.is(queue.waiting, 0);
  t.is(queue.running, 0);
});

test('a hundred checks of one client are all served where their turns come in time', async (t) => {
  const queue = createHashingQueue(LIMITS);
  let served = 0;
  await Promise.all(
    Array.from({ length: 100 }, () =>
      queue.run('an office', async () => {
        served += 1;
      }),
    ),
  );
  t.is(served, 100);
});

test('never more checks run than the width, also where one asks just as a place is passed on', async (t) => {
  const queue = createHashingQueue({ ...LIMITS, width: 3 });
  let most = 0;
  const check = async () => {
    most = Math.max(most, queue.running);
    for (let i = 0; i < 7; i++) await null;
  };
  const all: Promise<void>[] = [];
  for (let i = 0; i < 50; i++) {
    all.push(queue.run(`client ${i}`, check));
    await null;
  }
  await Promise.all(all);
  t.is(most, 3);
  t.is(queue.running, 0);
});

test('before any check was measured, nobody is refused for want of time', async (t) => {
  const { ask, end, queue } = heldQueue({ patience: 20_000 });
  const all = Array.from({ length: 500 }, (_, i) => ask(`client ${i}`, `check ${i}`));
  t.is(queue.waiting, 499);
  for (let i = 0; i < 500; i++) await end(`check ${i}`);
  await t.notThrowsAsync(Promise.all(all));
});

test('a check whose turn cannot come in time is refused at once, with the time when it could come', async (t) => {
  const { ask, end, queue } = heldQueue({ patience: 10_000 });
  const perSecond = await measureOne(queue, 200);
  const { admitted, refused } = fill(queue, ask);
  const { status, retryAfter } = await refusal(t, refused);
  t.is(status, 503);
  // It would have started some ten seconds from now, and can wait for half of that here.
  t.true(retryAfter >= 5 && retryAfter <= 7, `Retry-After: ${retryAfter}`);
  t.true(Math.abs(queue.waiting - 10 * perSecond) <= 2, `${queue.waiting} wait`);
  const all = admitted.map(({ done }) => done);
  for (const { name } of admitted) await end(name);
  await Promise.all(all);
});

test('who has asked for little gets a turn where who has asked for much gets none', async (t) => {
  const { ask, end, started, queue } = heldQueue({ patience: 10_000 });
  await measureOne(queue, 200);
  const { admitted, refused } = fill(queue, (_, name) => ask('greedy', name));
  await refusal(t, refused);
  const all = [...admitted.map(({ done }) => done), ask('modest', 'small')];
  const names = admitted.map(({ name }) => name);
  for (const name of [...names.slice(0, 2), 'small', ...names.slice(2)]) await end(name);
  t.is(started.indexOf('small'), 2);
  await Promise.all(all);
});

test('those who are refused are told different times, so that they do not all come back at once', async (t) => {
  const { ask, end, queue } = heldQueue({ patience: 1_000 });
  const perSecond = await measureOne(queue, 200);
  const { admitted, refused } = fill(queue, ask);
  await refusal(t, refused);
  const names = admitted.map(({ name }) => name);
  const all = admitted.map(({ done }) => done);
  const times: number[] = [];
  for (let i = 0; i < 1_000; i++) times.push((await refusal(t, ask(`late ${i}`, ''))).retryAfter);
  t.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  );
  t.true(Math.abs((times[99] ?? 0) - (names.length + 100) / perSecond) <= 2, `Retry-After: ${times[99]}`);
  t.is(times.at(-1), 120);
  for (const name of names) await end(name);
  await Promise.all(all);
});

test('a check that was admitted and has waited for too long is refused, and leaves no trace', async (t) => {
  const { ask, end, queue } = heldQueue({ patience: 30 });
  const first = ask('a', 'long');
  t.is((await refusal(t, ask('b', 'waits'))).status, 503);
  t.is(queue.waiting, 0);
  await end('long');
  await first;
  t.is(queue.running, 0);
});

test('where no more may wait, the client with the longest queue gives way to one with a shorter', async (t) => {
  const { ask, end, started, queue } = heldQueue({ capacity: 3 });
  const all = [ask('greedy', '0'), ask('greedy', '1'), ask('greedy', '2')];
  const last = ask('greedy', '3');
  const givesWay = refusal(t, last);
  all.push(ask('modest', 'small'));
  t.is((await givesWay).status, 503);
  t.is((await refusal(t, ask('greedy', '4'))).status, 503);
  t.is(queue.waiting, 3);
  for (const name of ['0', '1', 'small', '2']) await end(name);
  t.deepEqual(started, ['0', '1', 'small', '2']);
  await Promise.all(all);
});

test('a check that fails passes its place on', async (t) => {
  const queue = createHashingQueue(LIMITS);
  const failing = queue.run('a', () => Promise.reject(new Error('out of memory')));
  const next = queue.run('b', async () => 'served');
  await t.throwsAsync(failing, { message: 'out of memory' });
  t.is(await next, 'served');
});

test('a queue that is closed refuses what waits, and lets what runs come to its end', async (t) => {
  const { ask, end, queue } = heldQueue();
  const running = ask('a', 'runs');
  const waits = refusal(t, ask('b', 'waits'));
  queue.close();
  t.is((await waits).status, 503);
  await end('runs');
  await t.notThrowsAsync(running);
  t.is(queue.running, 0);
});
