import { randomUUID } from 'node:crypto';
import test from 'ava';
import { createRevokedIds } from '../../gateway/revocation/revoked-ids.ts';

const OPERATIONS = 300_000;

test('through hundreds of thousands of random operations it holds what a plain map holds', (t) => {
  const random = randomFrom(1);
  const ids = createRevokedIds();
  const model = new Map<string, number>();
  const known: string[] = [];
  let now = 1_000_000;

  for (let step = 0; step < OPERATIONS; step++) {
    const kind = random();
    if (kind < 0.45) {
      // Some of them a second time, with an expiry of their own.
      const jti = known.length > 0 && random() < 0.1 ? pick(known, random) : newId(random, step);
      const expiresAt = now + 1 + Math.floor(random() * 5_000);
      ids.add(jti, expiresAt);
      model.set(jti, expiresAt);
      known.push(jti);
    } else if (kind < 0.9998) {
      const jti = known.length > 0 && random() < 0.7 ? pick(known, random) : newId(random, -step);
      if (ids.has(jti) !== model.has(jti)) t.fail(`has(${jti}) is ${ids.has(jti)} at step ${step}`);
    } else {
      now += Math.floor(random() * 800);
      ids.sweep(now);
      for (const [jti, expiresAt] of model) if (expiresAt <= now) model.delete(jti);
    }
    if (ids.size !== model.size) t.fail(`${ids.size} in place of ${model.size} ids at step ${step}`);
  }

  t.true(model.size > 1_000, `enough to tell: ${model.size}`);
  for (const jti of new Set(known)) if (ids.has(jti) !== model.has(jti)) t.fail(jti);
  ids.sweep(now + 10_000);
  t.is(ids.size, 0);
  t.false(known.some(ids.has));
});

test('a sweep keeps what expires later and drops what expires at the moment itself', (t) => {
  const ids = createRevokedIds();
  ids.add('at', 100);
  ids.add('after', 101);
  ids.sweep(100);
  t.deepEqual([ids.has('at'), ids.has('after'), ids.size], [false, true, 1]);
});

test('adding an id again does not count it twice, and it expires as was said last', (t) => {
  const ids = createRevokedIds();
  ids.add('one', 100);
  ids.add('one', 200);
  t.is(ids.size, 1);
  ids.sweep(150);
  t.true(ids.has('one'));
});

test('an id is no other spelling of itself', (t) => {
  const ids = createRevokedIds();
  const uuid = 'abcdef01-2345-4678-9abc-def012345678';
  ids.add(uuid, 100);
  t.true(ids.has(uuid));
  const others = [uuid.toUpperCase(), uuid.replaceAll('-', ''), `${uuid} `, ` ${uuid}`, uuid.slice(1), `${uuid}0`, ''];
  for (const other of others) t.false(ids.has(other), other);
});

test('what expires at no sensible time is revoked all the same, and counted', (t) => {
  const ids = createRevokedIds();
  for (const expiresAt of [0, -1, 2 ** 32, 2 ** 40, 1e300, Number.POSITIVE_INFINITY])
    ids.add(`at ${expiresAt}`, expiresAt);
  t.is(ids.size, 6);
  for (const expiresAt of [0, -1, 2 ** 32, 2 ** 40, 1e300, Number.POSITIVE_INFINITY]) {
    t.true(ids.has(`at ${expiresAt}`), String(expiresAt));
  }
  ids.sweep(1_900_000_000);
  t.is(ids.size, 4);
});

/** UUIDs as the gateway makes them, other UUIDs that lie close together, and ids of no form at all. */
function newId(random: () => number, step: number): string {
  const kind = random();
  if (kind < 0.6) return randomUUID();
  if (kind < 0.8)
    return `00000000-0000-4000-8000-${(Math.abs(step) * 2 + (step < 0 ? 1 : 0)).toString(16).padStart(12, '0')}`;
  return `id ${step} ü${'x'.repeat(Math.floor(random() * 40))}`;
}

function pick(known: readonly string[], random: () => number): string {
  return known[Math.floor(random() * known.length)] as string;
}

/** mulberry32: the same operations in every run, so that a failure can be looked into. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
