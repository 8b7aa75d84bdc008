import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { createDatabaseClock, differenceOf, readDatabaseClock } from '../../../gateway/stores/database/clock.ts';
import { CLOCK_BOUND, watchClock } from '../../../gateway/stores/database/clock-watch.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { logLines } from '../../support/reports/log-lines.ts';

/** Levels of pino. */
const [INFO, WARN, ERROR] = [30, 40, 50];

for (const kind of DATABASES) {
  test(`${kind}: the time of the database is read in whole milliseconds, and goes on between readings`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const before = Date.now();
    const clock = await readDatabaseClock(database);
    const first = clock.now();
    const after = Date.now();
    t.true(Number.isInteger(first));
    // In the middle of the time that the question took.
    const doubt = after - before + 2;
    t.true(first >= before - doubt && first <= after + doubt, `${before} ${first} ${after}`);
    await pause(20);
    t.true(clock.now() >= first + 15);
  });
}

test('the clock of the process does not count once the time has been set', (t) => {
  const clock = createDatabaseClock();
  const monotonic = performance.now();
  const moment = { monotonic, wall: 0 };
  clock.set({ time: 5_000_000, asked: moment, answered: moment });
  t.true(Math.abs(clock.now() - 5_000_000) < 1_000);
  // An answer that was long on its way says no more than that the time is right.
  clock.set({
    time: 5_002_000,
    asked: { monotonic: monotonic - 1_000, wall: 0 },
    answered: { monotonic: monotonic + 4_000, wall: 0 },
  });
  t.true(Math.abs(clock.now() - 5_000_000) < 1_000);
  clock.set({ time: 9_000_000, asked: moment, answered: moment });
  t.true(Math.abs(clock.now() - 9_000_000) < 1_000);
});

test('the difference is what the time of the question leaves no doubt about', (t) => {
  const between = (asked: number, answered: number) => ({
    time: 10_000,
    asked: { monotonic: 0, wall: asked },
    answered: { monotonic: 0, wall: answered },
  });
  t.is(differenceOf(between(9_000, 12_000)), 0);
  t.is(differenceOf(between(13_000, 14_000)), 3_000);
  t.is(differenceOf(between(5_000, 6_000)), -4_000);
});

test('a difference is told from two seconds on, once, and once more when it is too large or well again', (t) => {
  const { log, lines } = logLines();
  const watch = watchClock('database', log);
  const told = (difference: number) => {
    const before = lines.length;
    const moment = { monotonic: 0, wall: 1_000_000 + difference };
    watch.compare({ time: 1_000_000, asked: moment, answered: moment });
    return lines.slice(before).map(({ level }) => level);
  };
  t.deepEqual(told(1_999), []);
  t.deepEqual([told(2_000), told(2_500), told(-3_000)], [[WARN], [], []]);
  t.deepEqual([told(1_500), told(2_000)], [[], []], 'near the bound it is not told again and again');
  t.true(watch.isUp);
  t.deepEqual([told(-CLOCK_BOUND), told(CLOCK_BOUND)], [[ERROR], []]);
  t.false(watch.isUp);
  t.deepEqual([told(5_000), told(CLOCK_BOUND)], [[], [ERROR]]);
  t.deepEqual([told(0), told(0)], [[INFO], []]);
  t.true(watch.isUp);
});

test('of Redis a difference is told, and no node is taken for broken by it', (t) => {
  const { log, lines } = logLines();
  const watch = watchClock('redis', log);
  const moment = { monotonic: 0, wall: 9_000_000 };
  watch.compare({ time: 1_000_000, asked: moment, answered: moment });
  t.true(watch.isUp);
  t.deepEqual(
    lines.map(({ level, clock, seconds }) => [level, clock, seconds]),
    [[WARN, 'redis', 8_000]],
  );
});
