import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import type { Account } from '../../gateway/domain/account.ts';
import { type Identity, UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { type OpenExchange, type OpenExchanges, watchOpenExchanges } from '../../gateway/request/open-exchanges.ts';

// One after the other: each has the clock to itself.

const ACCOUNT: Account = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: 'a',
  confirmed: true,
  stamp: 'a',
  groups: [],
};
const GOOD = identityOf('good');
const VOID = identityOf('void');

/** Milliseconds within which it looks. */
const LOOK = 1_000;

test.serial('what goes on under credentials that are void is ended at the next look, and what is good goes on', (t) => {
  const { exchanges, look, revoked } = watched(t);
  const [good, other, nobody] = [exchange(GOOD), exchange(VOID), exchange(null)];
  for (const one of [good, other, nobody]) exchanges.begin(new PassThrough(), one);
  look();
  t.deepEqual([good.told, other.told, nobody.told], [[], [], []]);
  revoked.add(VOID);
  t.deepEqual(other.told, []);
  look();
  t.deepEqual([good.told, other.told, nobody.told], [[], ['end'], []]);
});

test.serial('one that leaves its end to another time is told again at each look', (t) => {
  const { exchanges, look, revoked } = watched(t);
  const waits = exchange(VOID);
  exchanges.begin(new PassThrough(), waits);
  revoked.add(VOID);
  look();
  look();
  t.deepEqual(waits.told, ['end', 'end']);
  waits.isOver = true;
  look();
  t.deepEqual(waits.told, ['end', 'end']);
});

test.serial('what is over is left alone, and whether it was good is not asked', (t) => {
  const { exchanges, look, revoked, asked } = watched(t);
  const over = exchange(VOID);
  exchanges.begin(new PassThrough(), over);
  over.isOver = true;
  revoked.add(VOID);
  look();
  look();
  exchanges.goAway();
  t.deepEqual(over.told, []);
  t.deepEqual(asked, []);
});

test.serial('the next exchange over a connection takes the place of the one before, over or not', (t) => {
  const { exchanges, look, revoked, asked } = watched(t);
  const connection = new PassThrough();
  const [first, second, third] = [exchange(VOID), exchange(GOOD), exchange(VOID)];
  exchanges.begin(connection, first);
  exchanges.begin(connection, second);
  revoked.add(VOID);
  look();
  t.deepEqual([first.told, second.told, asked], [[], [], [GOOD]]);
  second.isOver = true;
  look();
  exchanges.begin(connection, third);
  look();
  t.deepEqual([first.told, second.told, third.told], [[], [], ['end']]);
  t.is(connection.listenerCount('close'), 1, 'one listener, however many exchanges');
});

test.serial('a connection that has closed is forgotten, and what ended with it', async (t) => {
  const { exchanges, look, revoked, asked } = watched(t);
  const [closing, staying] = [new PassThrough(), new PassThrough()];
  const [gone, goesOn] = [exchange(VOID), exchange(VOID)];
  exchanges.begin(closing, gone);
  exchanges.begin(staying, goesOn);
  const closed = once(closing, 'close');
  closing.destroy();
  await closed;
  revoked.add(VOID);
  look();
  exchanges.goAway();
  t.deepEqual([gone.told, goesOn.told, asked], [[], ['end', 'go away'], [VOID]]);
});

test.serial('what begins on a connection that has closed already is not watched', async (t) => {
  const { exchanges, look, revoked, asked } = watched(t);
  const connection = new PassThrough();
  const closed = once(connection, 'close');
  connection.destroy();
  await closed;
  const late = exchange(VOID);
  exchanges.begin(connection, late);
  revoked.add(VOID);
  look();
  exchanges.goAway();
  t.deepEqual([late.told, asked], [[], []]);
  t.is(connection.listenerCount('close'), 0);
});

test.serial('when the gateway goes away only what goes on is told, whoever it belongs to', (t) => {
  const { exchanges, look } = watched(t);
  const [good, nobody, over, struck] = [exchange(GOOD), exchange(null), exchange(GOOD), exchange(null)];
  for (const one of [good, nobody, over, struck]) exchanges.begin(new PassThrough(), one);
  struck.isOver = true;
  look();
  over.isOver = true;
  exchanges.goAway();
  t.deepEqual([good.told, nobody.told, over.told, struck.told], [['go away'], ['go away'], [], []]);
});

test.serial('one that ends a connection while it is told does not keep the others from being told', (t) => {
  const { exchanges, look, revoked } = watched(t);
  const told: number[] = [];
  for (let i = 0; i < 5; i++) {
    const connection = new PassThrough();
    const end = () => {
      told.push(i);
      connection.emit('close');
    };
    exchanges.begin(connection, { identity: VOID, requires: null, isOver: false, cutOff: end, goAway() {} });
  }
  revoked.add(VOID);
  look();
  look();
  t.deepEqual(told, [0, 1, 2, 3, 4]);
});

test.serial('nobody looks after the end', (t) => {
  const { exchanges, look, revoked } = watched(t);
  const one = exchange(VOID);
  exchanges.begin(new PassThrough(), one);
  exchanges.close();
  revoked.add(VOID);
  look();
  t.deepEqual(one.told, []);
});

test.serial('what somebody has open ends when the account says so, and each account is asked for once', async (t) => {
  const { exchanges, look, accounts, asked } = withAccounts(t);
  const ada = [exchange(by('1')), exchange(by('1')), exchange(by('1'))];
  const bob = exchange(by('2'));
  for (const one of [...ada, bob]) exchanges.begin(new PassThrough(), one);
  look();
  t.deepEqual(asked, ['1', '2']);
  await turn();
  accounts.delete('1');
  look();
  await turn();
  t.deepEqual(
    ada.map(({ told }) => told),
    [['end'], ['end'], ['end']],
  );
  t.deepEqual(bob.told, []);
  t.deepEqual(asked, ['1', '2', '1', '2']);
});

test.serial('few accounts are asked for at the same time, and each look waits for the one before', async (t) => {
  const { exchanges, look, asked, answer } = withAccounts(t, 'later');
  for (let i = 0; i < 10; i++) exchanges.begin(new PassThrough(), exchange(by(String(i))));
  look();
  t.is(asked.length, 4);
  look();
  t.is(asked.length, 4);
  for (let answered = 0; answered < 10; answered++) {
    answer(() => null);
    await turn();
  }
  t.deepEqual(
    asked.toSorted(),
    Array.from({ length: 10 }, (_, i) => String(i)),
  );
  look();
  t.is(asked.length, 14);
});

test.serial(
  'a store that is out ends nothing and is not pressed, and what is known to be void ends all the same',
  async (t) => {
    const { exchanges, look, asked, revoked, answer } = withAccounts(t, 'later');
    const all = Array.from({ length: 10 }, (_, i) => exchange(by(String(i))));
    for (const one of all) exchanges.begin(new PassThrough(), one);
    look();
    const out = () => {
      throw new Error('the store is out');
    };
    for (let i = 0; i < 4; i++) answer(out);
    await turn();
    t.is(asked.length, 4, 'the rest is left to the next look');
    t.true(all.every(({ told }) => told.length === 0));
    look();
    t.is(asked.length, 8);
    revoked.add(all[9]?.identity as Identity);
    look();
    t.deepEqual(all[9]?.told, ['end'], 'while the store keeps the question');
  },
);

interface Watched {
  readonly exchanges: OpenExchanges;
  /** Whose credentials are void. */
  readonly revoked: Set<Identity>;
  /** About whom it asked, in order. */
  readonly asked: readonly Identity[];
  /** Lets the time pass until the next look. */
  look(): void;
}

function watched(t: ExecutionContext): Watched {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const revoked = new Set<Identity>();
  const asked: Identity[] = [];
  const standing = {
    withoutAccount(identity: Identity) {
      asked.push(identity);
      return revoked.has(identity) ? ('token revoked' as const) : null;
    },
    ofIdentity: () => null,
  };
  const exchanges = watchOpenExchanges(standing, () => ACCOUNT);
  return { exchanges, revoked, asked, look: () => mock.timers.tick(LOOK) };
}

/** Accounts by their ids, from a store that answers at once or when it is told to. */
function withAccounts(t: ExecutionContext, answers: 'at once' | 'later' = 'at once') {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const accounts = new Map(Array.from({ length: 10 }, (_, i) => [String(i), { ...ACCOUNT, id: String(i) }]));
  const asked: string[] = [];
  const revoked = new Set<Identity>();
  const waiting: ((answer: () => Account | null) => void)[] = [];
  const standing = {
    withoutAccount: (identity: Identity) => (revoked.has(identity) ? ('token revoked' as const) : null),
    ofIdentity: (_identity: Identity, account: Account | null) => (account === null ? 'account removed' : null),
  } as const;
  const exchanges = watchOpenExchanges(standing, (id) => {
    asked.push(id);
    if (answers === 'at once') return accounts.get(id) ?? null;
    return new Promise<() => Account | null>((resolve) => waiting.push(resolve)).then((give) => give());
  });
  return {
    exchanges,
    accounts,
    asked,
    revoked,
    look: () => mock.timers.tick(LOOK),
    /** Answers the question that has waited longest. */
    answer: (give: () => Account | null) => waiting.shift()?.(give),
  };
}

function by(accountId: string): Identity {
  return { by: 'password', account: { ...ACCOUNT, id: accountId } };
}

/** Lets everything go on that waits for nothing else. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One that remembers what it is told. */
function exchange(identity: Identity | null): OpenExchange & { isOver: boolean; readonly told: readonly string[] } {
  const told: string[] = [];
  return {
    identity,
    requires: null,
    isOver: false,
    told,
    cutOff: () => void told.push('end'),
    goAway: () => void told.push('go away'),
  };
}

function identityOf(jti: string): Identity {
  const claims = { jti, accountId: ACCOUNT.id, issuedAt: 0, expiresAt: 3_600, ...UNRESTRICTED };
  return {
    by: 'token',
    account: ACCOUNT,
    token: { ok: true, claims, isBoundTo: () => true, isAllowedFrom: () => true },
    scheme: 'bearer',
  };
}
