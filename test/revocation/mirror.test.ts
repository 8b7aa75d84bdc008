import { randomUUID } from 'node:crypto';
import test from 'ava';
import type { LogPosition, Revocation } from '../../gateway/revocation/history.ts';
import { createMirror } from '../../gateway/revocation/mirror.ts';

const NOW = 1_900_000_000_000;

test('of the cutoffs of an account the latest counts, in whatever order they come', (t) => {
  const mirror = createMirror(() => {});
  for (const voidBefore of [3_000, 5_000, 4_000]) mirror.apply(cutoff({ voidBefore }));
  t.is(mirror.cutoffOf('1'), 5_000);
  t.is(mirror.cutoffOf('2'), 0);
});

test('each voided account is told of, once more when it is voided once more', (t) => {
  const told: string[] = [];
  const mirror = createMirror((accountId) => told.push(accountId));
  mirror.apply(token({ jti: 'one' }));
  for (const accountId of ['7', '8', '7']) mirror.apply(cutoff({ accountId }));
  t.deepEqual(told, ['7', '8', '7']);
});

test('applying moves no position: only who has read without a gap says so', (t) => {
  const mirror = createMirror(() => {});
  mirror.apply(token({ position: 9 }));
  t.is(mirror.completeTo, null);
  mirror.advance(at(4, 'd'));
  mirror.advance(at(3, 'c'));
  t.deepEqual(mirror.completeTo, at(4, 'd'));
});

test('one that follows on the position up to which the mirror is complete advances it, and no other does', (t) => {
  const mirror = createMirror(() => {});
  t.false(mirror.follow(at(0, ''), 'a'), 'nothing has been read');
  mirror.advance(at(4, 'd'));
  t.false(mirror.follow(at(3, 'c'), 'd'));
  t.false(mirror.follow(at(5, 'e'), 'f'));
  t.false(mirror.follow(at(4, 'another history'), 'e'));
  t.false(mirror.follow({ ...at(4, 'd'), installation: 'another' }, 'e'));
  t.deepEqual(mirror.completeTo, at(4, 'd'));
  t.true(mirror.follow(at(4, 'd'), 'e'));
  t.deepEqual(mirror.completeTo, at(5, 'e'));
});

test('after a restart everything is read again, and what was denied stays denied', (t) => {
  const mirror = createMirror(() => {});
  mirror.apply(token({ jti: 'one' }));
  mirror.apply(cutoff({ voidBefore: 5_000 }));
  mirror.advance(at(10, 'j'));
  mirror.restart();
  t.is(mirror.completeTo, null);
  t.true(mirror.isDenied('one'));
  t.is(mirror.cutoffOf('1'), 5_000);
  mirror.advance(at(3, 'x'));
  t.deepEqual(mirror.completeTo, at(3, 'x'));
});

test('it gives back the ids that the gateway gives out, and the accounts', (t) => {
  const mirror = createMirror(() => {});
  const jtis = Array.from({ length: 2_000 }, () => randomUUID());
  for (const jti of jtis) mirror.apply(token({ jti }));
  t.deepEqual([...mirror.tokens()].map(({ jti }) => jti).sort(), jtis.toSorted());
  t.deepEqual([...new Set([...mirror.tokens()].map(({ expiresAt }) => expiresAt))], [NOW + 60_000]);
  mirror.apply(cutoff({}));
  t.deepEqual([...mirror.accounts()], [{ accountId: '1', voidBefore: 5_000, expiresAt: NOW + 60_000 }]);
});

test('it is as old as the latest moment for which it is known to be complete', (t) => {
  const mirror = createMirror(() => {});
  t.is(mirror.age(), Number.POSITIVE_INFINITY);
  const now = performance.now();
  mirror.confirm(now - 1_000);
  mirror.confirm(now - 5_000);
  t.true(mirror.age() >= 1_000 && mirror.age() < 4_000, String(mirror.age()));
});

test('a sweep forgets what voids nothing any more, and not a millisecond before', (t) => {
  const mirror = createMirror(() => {});
  mirror.apply(token({ jti: 'over', expiresAt: NOW }));
  // The mirror counts in seconds; a token that expires within one is kept to the end of it.
  mirror.apply(token({ jti: 'within', expiresAt: NOW + 1 }));
  mirror.apply(cutoff({ accountId: 'over', expiresAt: NOW }));
  mirror.apply(cutoff({ accountId: 'within', expiresAt: NOW + 1 }));
  mirror.sweep(NOW);
  t.deepEqual([mirror.isDenied('over'), mirror.isDenied('within'), mirror.size], [false, true, 1]);
  t.deepEqual([mirror.cutoffOf('over'), mirror.cutoffOf('within')], [0, 5_000]);
  mirror.sweep(NOW + 1_000);
  t.deepEqual([mirror.isDenied('within'), mirror.cutoffOf('within')], [false, 0]);
});

function at(position: number, chain: string): LogPosition {
  return { installation: 'ours', position, chain };
}

function token(of: Partial<Extract<Revocation, { kind: 'token' }>>): Revocation {
  return { kind: 'token', position: 1, chain: 'a', jti: 'one', expiresAt: NOW + 60_000, ...of };
}

function cutoff(of: Partial<Extract<Revocation, { kind: 'account' }>>): Revocation {
  return {
    kind: 'account',
    position: 1,
    chain: 'a',
    accountId: '1',
    voidBefore: 5_000,
    expiresAt: NOW + 60_000,
    ...of,
  };
}
