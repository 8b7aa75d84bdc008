import test from 'ava';
import { storeUnavailable } from '../../gateway/domain/errors.ts';
import type { AccountStore } from '../../gateway/stores/accounts/store.ts';
import { owners } from '../support/owners/owners.ts';

const CLIENT = '192.0.2.1';
const ASKED = { kind: 'accepted' } as const;

test('whichever accounts there are, the answer is the same, costs one hash, and waits for no look-up', async (t) => {
  const asked: string[] = [];
  let hashes = 0;
  const { actions, mails, add } = await owners(t, 'sqlite', ({ accounts, hash }) => ({
    accounts: recorded(accounts, asked),
    hash: (password) => {
      hashes += 1;
      return hash(password);
    },
  }));
  await add('confirmed@example.com', true);
  await add('unconfirmed@example.com', false);
  for (const who of ['confirmed', 'unconfirmed', 'nobody']) {
    const email = `${who}@example.com`;
    const before = asked.length;
    t.deepEqual(await actions.register(email, 'correct horse', CLIENT), ASKED, who);
    t.deepEqual(await actions.sendConfirmationAgain(email), ASKED, who);
    t.deepEqual(await actions.startReset(email), ASKED, who);
    t.is(asked.length, before, `${who}: ${asked.slice(before)}`);
    await mails();
    t.true(asked.length > before);
  }
  t.is(hashes, 3);
});

test('an outage is the same outage for everybody, and nothing is done after it', async (t) => {
  let isOut = true;
  const { actions, mails, add } = await owners(t, 'sqlite', ({ ping }) => ({
    ping: async () => {
      if (isOut) throw storeUnavailable('database', new Error('out'));
      await ping();
    },
  }));
  await add('ada@example.com', true);
  for (const email of ['ada@example.com', 'nobody@example.com']) {
    for (const asking of [
      actions.register(email, 'correct horse', CLIENT),
      actions.sendConfirmationAgain(email),
      actions.startReset(email),
    ]) {
      await t.throwsAsync(asking, { name: 'GatewayError', message: 'database unavailable' });
    }
  }
  t.is((await mails()).length, 0);
  isOut = false;
  await actions.startReset('ada@example.com');
  t.is((await mails()).length, 1);
});

test('what fails after the answer is logged, and what comes next is done', async (t) => {
  let isOut = true;
  const { actions, mails, lines } = await owners(t, 'sqlite', ({ accounts }) => ({
    accounts: {
      ...accounts,
      add: (account) =>
        isOut ? Promise.reject(storeUnavailable('database', new Error('out'))) : accounts.add(account),
    },
  }));
  t.deepEqual(await actions.register('ada@example.com', 'correct horse', CLIENT), ASKED);
  t.is((await mails()).length, 0);
  t.like(lines.at(-1), { msg: 'background work failed', fault: 'database', work: 'registration' });
  t.notRegex(JSON.stringify(lines), /ada@|correct horse/);
  isOut = false;
  t.deepEqual(await actions.register('ada@example.com', 'correct horse', CLIENT), ASKED);
  t.is((await mails()).length, 1);
});

/** The same store, which tells what it is asked. */
function recorded(store: AccountStore, asked: string[]): AccountStore {
  return new Proxy(store, {
    get(target, name: keyof AccountStore) {
      return (...args: unknown[]) => {
        asked.push(name);
        return Reflect.apply(target[name], target, args);
      };
    },
  });
}
