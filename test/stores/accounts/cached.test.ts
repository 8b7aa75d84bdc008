import test, { type ExecutionContext } from 'ava';
import type { Account } from '../../../gateway/domain/account.ts';
import { cachedAccounts } from '../../../gateway/stores/accounts/cached.ts';

const LONG = 60_000;

test.serial(
  'an account in use is asked for again in the second half of its time, and nobody waits for that',
  async (t) => {
    const clock = stoppedClock(t);
    const store = fakeStore();
    const accounts = cachedAccounts(store.findById, 2_000);
    const first = await accounts.findById('1');
    store.hold();
    clock.forward(999);
    t.is(await accounts.findById('1'), first);
    t.deepEqual(store.asked, ['1']);
    clock.forward(1);
    t.is(await accounts.findById('1'), first);
    t.deepEqual(store.asked, ['1', '1']);
    clock.forward(999);
    t.is(await accounts.findById('1'), first);
    t.deepEqual(store.asked, ['1', '1']);
    store.release();
    await new Promise((resolve) => setImmediate(resolve));
    t.not(await accounts.findById('1'), first);
    t.deepEqual(store.asked, ['1', '1']);
  },
);

test.serial('who looks on by itself waits for the renewal, and leaves no mark on the look-ups', async (t) => {
  const clock = stoppedClock(t);
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, 2_000);
  const first = await accounts.findRenewed('1');
  clock.forward(999);
  t.is(accounts.findRenewed('1'), first);
  clock.forward(1);
  const renewed = accounts.findRenewed('1');
  t.true(renewed instanceof Promise);
  t.is(accounts.findRenewed('1'), renewed, 'equal questions are one');
  t.not(await renewed, first);
  t.is(await accounts.findById('1'), await renewed, 'requests get what it was told');
  t.deepEqual(store.asked, ['1', '1']);
  t.deepEqual(accounts.lookUps, { hits: 1, misses: 0 });
});

test.serial('where an account cannot be asked for again, it goes on to the end of its time', async (t) => {
  const clock = stoppedClock(t);
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, 1_000);
  const account = await accounts.findById('1');
  store.failure = new Error('the store is out');
  for (const passing of [499, 1, 499]) {
    clock.forward(passing);
    t.is(await accounts.findById('1'), account);
  }
  clock.forward(1);
  await t.throwsAsync(async () => accounts.findById('1'), { message: 'the store is out' });
  t.is(store.asked.length, 3);
});

test.serial(
  'a renewal that is under way when the store stops answering adds nothing: the account goes on to the end of its time',
  async (t) => {
    const clock = stoppedClock(t);
    const store = fakeStore();
    const accounts = cachedAccounts(store.findById, 2_000);
    const account = await accounts.findById('1');
    store.hold();
    clock.forward(1_000);
    t.is(await accounts.findById('1'), account, 'the renewal begins, and hangs');
    clock.forward(999);
    t.is(await accounts.findById('1'), account);
    clock.forward(1);
    const waiting = accounts.findById('1');
    t.true(waiting instanceof Promise);
    store.release();
    t.not(await waiting, account);
    t.deepEqual(store.asked, ['1', '1']);
  },
);

test.serial('its time begins with the question, since the answer may be that old', async (t) => {
  const clock = stoppedClock(t);
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, 100);
  store.hold();
  const answer = accounts.findById('1');
  // The answer takes as long as it may be used.
  clock.forward(100);
  store.release();
  await answer;
  await accounts.findById('1');
  t.deepEqual(store.asked, ['1', '1']);
});

test('equal questions on the way are one', async (t) => {
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, LONG);
  store.hold();
  const answers = Promise.all([...Array(50)].map((_, i) => accounts.findById(i % 2 === 0 ? '1' : '2')));
  store.release();
  t.is((await answers)[48]?.id, '1');
  t.deepEqual(store.asked, ['1', '2']);
});

test('what is forgotten while its answer is on the way is asked for anew, and the old answer is not kept', async (t) => {
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, LONG);
  store.hold();
  const before = accounts.findById('1');
  store.stamp = 'changed';
  accounts.forget('1');
  store.release();
  const after = await accounts.findById('1');
  t.is(after?.stamp, 'changed');
  t.is((await before)?.stamp, 'first');
  // Whichever answer came last, the new one is what stays.
  t.is(await accounts.findById('1'), after);
  t.is(store.asked.length, 2);
});

test('an answer from before that arrives after the new one does not replace it', async (t) => {
  const answers: ((account: Account) => void)[] = [];
  const accounts = cachedAccounts(() => new Promise((resolve) => answers.push(resolve)), LONG);
  const old = accounts.findById('1');
  accounts.forget('1');
  const young = accounts.findById('1');
  answers[1]?.(account('1', 'young'));
  await young;
  answers[0]?.(account('1', 'old'));
  await old;
  t.is((await accounts.findById('1'))?.stamp, 'young');
});

test('a failure reaches everyone who waits, and is not kept', async (t) => {
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, LONG);
  store.failure = new Error('the store is out');
  const both = await Promise.allSettled([accounts.findById('1'), accounts.findById('1')]);
  t.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  t.is(store.asked.length, 1);
  store.failure = null;
  t.is((await accounts.findById('1'))?.id, '1');
});

test('while the store is out, a known account goes on and an unknown one fails', async (t) => {
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, LONG);
  await accounts.findById('1');
  store.failure = new Error('the store is out');
  t.is((await accounts.findById('1'))?.id, '1');
  await t.throwsAsync(async () => accounts.findById('2'), { message: 'the store is out' });
});

test('an account that does not exist is asked for each time: it may be added any moment', async (t) => {
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, LONG);
  store.isEmpty = true;
  t.is(await accounts.findById('1'), null);
  store.isEmpty = false;
  t.is((await accounts.findById('1'))?.id, '1');
});

test('a hundred thousand accounts are kept, and the one that was asked for first goes first', async (t) => {
  const store = fakeStore();
  const accounts = cachedAccounts(store.findById, LONG);
  for (let id = 0; id <= 100_000; id++) await accounts.findById(String(id));
  store.asked.length = 0;
  for (const id of ['1', '100000', '50000']) await accounts.findById(id);
  t.deepEqual(store.asked, []);
  await accounts.findById('0');
  t.deepEqual(store.asked, ['0']);
});

/** The time of this process stands until the test moves it on: a busy machine cannot leave a part of it out. */
function stoppedClock(t: ExecutionContext) {
  const running = performance.now;
  // Whole, so that sums of whole numbers are exact.
  let now = Math.ceil(performance.now());
  performance.now = () => now;
  t.teardown(() => {
    performance.now = running;
  });
  return {
    /** @param time milliseconds */
    forward(time: number) {
      now += time;
    },
  };
}

function account(id: string, stamp: string): Account {
  return {
    id,
    email: `${id}@example.com`,
    logins: [`${id}@example.com`],
    passwordHash: null,
    confirmed: true,
    stamp,
    groups: [],
  };
}

/** A store whose answers can be held back; what it answers is what it had when it was asked. */
function fakeStore() {
  const asked: string[] = [];
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const store = {
    asked,
    stamp: 'first',
    isEmpty: false,
    failure: null as Error | null,
    hold() {
      gate = Promise.withResolvers();
    },
    release() {
      gate.resolve();
    },
    async findById(id: string): Promise<Account | null> {
      asked.push(id);
      const found = store.isEmpty ? null : account(id, store.stamp);
      const { failure } = store;
      await gate.promise;
      if (failure !== null) throw failure;
      return found;
    },
  };
  return store;
}
