import test from 'ava';
import { Registry } from 'prom-client';
import { upstreamMetrics } from '../../../gateway/ops/metrics/upstreams.ts';
import { parseExposition, valuesOf } from '../../support/reports/exposition.ts';

async function up(registry: Registry): Promise<Record<string, number>> {
  return valuesOf(parseExposition(await registry.metrics()), 'gatehouse_upstream_up');
}

test('a server is up until it is ejected or unhealthy, and again when it is back', async (t) => {
  const registry = new Registry();
  const group = upstreamMetrics(registry)('g', ['http://a', 'http://b']);
  const [a, b] = ['group="g",server="http://a"', 'group="g",server="http://b"'];
  t.deepEqual(await up(registry), { [a]: 1, [b]: 1 });
  group.changed('http://a', false);
  t.deepEqual(await up(registry), { [a]: 0, [b]: 1 });
  group.changed('http://a', true);
  t.deepEqual(await up(registry), { [a]: 1, [b]: 1 });
});

test('a reload that changes a group leaves the series of the servers that are still in it', async (t) => {
  const registry = new Registry();
  const metrics = upstreamMetrics(registry);
  const before = metrics('g', ['http://a', 'http://b']);
  before.changed('http://b', false);
  const after = metrics('g', ['http://a', 'http://c']);
  before.closed();
  before.changed('http://b', false);
  t.deepEqual(await up(registry), { 'group="g",server="http://a"': 1, 'group="g",server="http://c"': 1 });
  after.closed();
  t.deepEqual(await up(registry), {});
});

test('what an old group learns after a reload does not hide the state of the new one, which an old one that stays has again', async (t) => {
  const registry = new Registry();
  const metrics = upstreamMetrics(registry);
  const server = 'group="g",server="http://a"';
  const before = metrics('g', ['http://a']);
  const after = metrics('g', ['http://a']);
  before.changed('http://a', false);
  t.deepEqual(await up(registry), { [server]: 1 });
  after.closed();
  t.deepEqual(await up(registry), { [server]: 0 });
  before.closed();
  t.deepEqual(await up(registry), {});
});
