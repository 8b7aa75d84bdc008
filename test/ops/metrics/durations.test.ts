import test from 'ava';
import { Registry } from 'prom-client';
import { BUCKETS, type Durations, durations } from '../../../gateway/ops/metrics/durations.ts';
import { type Snapshot, textOf } from '../../../gateway/ops/metrics/total.ts';
import { parseExposition, valuesOf } from '../../support/reports/exposition.ts';

const NAME = 'waited_seconds';

function histogram(): { registry: Registry; waits: Durations<'for'> } {
  const registry = new Registry();
  return { registry, waits: durations<'for'>(registry, { name: NAME, help: 'How long it waited.' }) };
}

/** How many lie in each bucket, and not below it. */
async function inBuckets(registry: Registry, labels: string): Promise<Record<string, number>> {
  const { series } = parseExposition(await registry.metrics());
  let before = 0;
  const counts: Record<string, number> = {};
  for (const le of [...BUCKETS.map(String), '+Inf']) {
    const upTo = series.get(`${NAME}_bucket{${labels},le="${le}"}`) ?? Number.NaN;
    if (upTo !== before) counts[le] = upTo - before;
    before = upTo;
  }
  return counts;
}

test('a value that equals a bound lies in its bucket, and the next greater one in the next', async (t) => {
  for (const [place, bound] of BUCKETS.entries()) {
    const { registry, waits } = histogram();
    const series = waits.series({ for: 'a' });
    series.observe(bound);
    series.observe(bound * (1 + Number.EPSILON));
    const next = String(BUCKETS[place + 1] ?? '+Inf');
    t.deepEqual(await inBuckets(registry, 'for="a"'), { [bound]: 1, [next]: 1 });
  }
});

test('the least lies in the first bucket, and what is above the last bound in none with one', async (t) => {
  const { registry, waits } = histogram();
  for (const seconds of [0, Number.MIN_VALUE, 60.000_1, 1e9]) waits.series({ for: 'a' }).observe(seconds);
  t.deepEqual(await inBuckets(registry, 'for="a"'), { '0.001': 2, '+Inf': 2 });
});

test('the buckets add up from the least on, and the sum and the count are of all', async (t) => {
  const { registry, waits } = histogram();
  for (const seconds of [0.5, 0.25, 2, 64]) waits.series({ for: 'a' }).observe(seconds);
  const scraped = parseExposition(await registry.metrics());
  t.is(scraped.types.get(NAME), 'histogram');
  t.deepEqual(valuesOf(scraped, `${NAME}_sum`), { 'for="a"': 66.75 });
  t.deepEqual(valuesOf(scraped, `${NAME}_count`), { 'for="a"': 4 });
  const buckets = valuesOf(scraped, `${NAME}_bucket`);
  t.deepEqual(
    ['0.1', '0.25', '0.5', '1', '2.5', '10', '60', '+Inf'].map((le) => buckets[`for="a",le="${le}"`]),
    [0, 1, 2, 2, 3, 3, 3, 4],
  );
});

test('the same labels are the same series, in whatever object they come', async (t) => {
  const { registry, waits } = histogram();
  t.is(waits.series({ for: 'a' }), waits.series({ for: 'a' }));
  t.not(waits.series({ for: 'a' }), waits.series({ for: 'b' }));
  waits.series({ for: 'a' }).observe(1);
  waits.series({ for: 'a' }).observe(1);
  t.deepEqual(valuesOf(parseExposition(await registry.metrics()), `${NAME}_count`), { 'for="a"': 2, 'for="b"': 0 });
});

test('labels that differ only in where one ends are two series', async (t) => {
  const registry = new Registry();
  const waits = durations<'one' | 'other'>(registry, { name: NAME, help: 'How long it waited.' });
  waits.series({ one: 'a', other: 'bc' }).observe(1);
  waits.series({ one: 'ab', other: 'c' }).observe(1);
  waits.series({ one: 'a","other":"b', other: 'c' }).observe(1);
  t.deepEqual(Object.values(valuesOf(parseExposition(await registry.metrics()), `${NAME}_count`)), [1, 1, 1]);
});

test('a series shows before anything is observed, so that its first is an increase', async (t) => {
  const { registry, waits } = histogram();
  t.is(parseExposition(await registry.metrics()).series.size, 0);
  waits.series({ for: 'a' });
  const { series } = parseExposition(await registry.metrics());
  t.is(series.size, BUCKETS.length + 3);
  t.true([...series.values()].every((value) => value === 0));
});

test('quotes, backslashes and ends of lines in labels are escaped, each once, also where processes are summed', async (t) => {
  const { registry, waits } = histogram();
  waits.series({ for: 'a "b" \\ c\nd \\n' }).observe(1);
  const escaped = 'for="a \\"b\\" \\\\ c\\nd \\\\n"';
  for (const text of [await registry.metrics(), await textOf([await registry.getMetricsAsJSON()])]) {
    t.deepEqual(valuesOf(parseExposition(text), `${NAME}_count`), { [escaped]: 1 });
    t.true(text.includes(`${NAME}_bucket{`));
  }
});

test('over processes everything is summed by its labels, and a scrape changes nothing', async (t) => {
  const [one, other] = [histogram(), histogram()];
  one.waits.series({ for: 'a' }).observe(0.25);
  one.waits.series({ for: 'b' }).observe(0.25);
  other.waits.series({ for: 'a' }).observe(0.5);
  other.waits.series({ for: 'c' }).observe(100);
  const snapshots = async () =>
    JSON.parse(
      JSON.stringify([await one.registry.getMetricsAsJSON(), await other.registry.getMetricsAsJSON()]),
    ) as Snapshot[];
  const text = await textOf(await snapshots());
  const scraped = parseExposition(text);
  t.deepEqual(valuesOf(scraped, `${NAME}_count`), { 'for="a"': 2, 'for="b"': 1, 'for="c"': 1 });
  t.deepEqual(valuesOf(scraped, `${NAME}_sum`), { 'for="a"': 0.75, 'for="b"': 0.25, 'for="c"': 100 });
  const buckets = valuesOf(scraped, `${NAME}_bucket`);
  t.deepEqual(
    ['0.1', '0.25', '0.5', '60', '+Inf'].map((le) => buckets[`for="a",le="${le}"`]),
    [0, 1, 2, 2, 2],
  );
  t.deepEqual(
    ['60', '+Inf'].map((le) => buckets[`for="c",le="${le}"`]),
    [0, 1],
  );
  t.is(await textOf(await snapshots()), text);
});

test('the bounds ascend, and each is written as a number that reads back as it was', async (t) => {
  const { registry, waits } = histogram();
  waits.series({ for: 'a' });
  const written = [...(await registry.metrics()).matchAll(/le="([^"]*)"/g)].map(([, le]) => le);
  t.deepEqual(written, [...BUCKETS.map(String), '+Inf']);
  t.deepEqual(
    [...BUCKETS].sort((one, other) => one - other),
    BUCKETS,
  );
});
