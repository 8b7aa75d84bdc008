import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import { type OpenExchange, type OpenExchanges, watchOpenExchanges } from '../../gateway/request/open-exchanges.ts';
import type { Identity } from '../../gateway/state.ts';

// One after the other: each has the clock to itself.

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
    exchanges.begin(connection, { identity: VOID, isOver: false, end, goAway() {} });
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
  const exchanges = watchOpenExchanges((identity) => {
    asked.push(identity);
    return !revoked.has(identity);
  });
  return { exchanges, revoked, asked, look: () => mock.timers.tick(LOOK) };
}

/** One that remembers what it is told. */
function exchange(identity: Identity | null): OpenExchange & { isOver: boolean; readonly told: readonly string[] } {
  const told: string[] = [];
  return { identity, isOver: false, told, end: () => void told.push('end'), goAway: () => void told.push('go away') };
}

function identityOf(jti: string): Identity {
  const account = { id: '1', email: 'ada@example.com', passwordHash: null, confirmed: true, stamp: 'a' };
  const token = { jti, accountId: account.id, issuedAt: 0, expiresAt: 3_600 };
  return { by: 'token', account, token, scheme: 'bearer' };
}
