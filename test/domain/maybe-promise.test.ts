import test from 'ava';
import { andThen, type MaybePromise } from '../../gateway/domain/maybe-promise.ts';

test('what goes on with a value that is there has gone on when the call returns', (t) => {
  const seen: number[] = [];
  t.is(
    andThen(20, (value) => {
      seen.push(value);
      return value + 1;
    }),
    21,
  );
  t.deepEqual(seen, [20]);
});

test('what goes on with a value that will be there waits for it', async (t) => {
  const seen: number[] = [];
  const { promise, resolve } = Promise.withResolvers<number>();
  const later = andThen(promise, (value) => {
    seen.push(value);
    return value + 1;
  });
  t.true(later instanceof Promise);
  t.deepEqual(seen, []);
  resolve(20);
  t.is(await later, 21);
  t.deepEqual(seen, [20]);
});

test('a promise of the next step is passed on, whether the value was there or not', async (t) => {
  const next = async (value: number) => value + 1;
  t.is(await andThen(20, next), 21);
  t.is(await andThen(Promise.resolve(20), next), 21);
});

test('values that say no are values', (t) => {
  for (const value of [null, undefined, 0, '', false]) t.is(andThen<unknown, string>(value, String), String(value));
});

test('what the next step throws is thrown at once, or rejects where the value was not there', async (t) => {
  const next = (): MaybePromise<number> => {
    throw new RangeError('too far');
  };
  t.throws(() => andThen(20, next), { instanceOf: RangeError });
  await t.throwsAsync(async () => await andThen(Promise.resolve(20), next), { instanceOf: RangeError });
});

test('a value that will never be there rejects, and nothing goes on', async (t) => {
  const seen: unknown[] = [];
  const never: Promise<number> = Promise.reject(new RangeError('gone'));
  await t.throwsAsync(async () => await andThen(never, (value) => seen.push(value)), { instanceOf: RangeError });
  t.deepEqual(seen, []);
});
