import test from 'ava';
import { GatewayError, storeUnavailable } from '../../../gateway/domain/errors.ts';
import type { RequestRecord } from '../../../gateway/domain/request-record.ts';
import { createTotal, type Snapshot, textOf } from '../../../gateway/ops/metrics/total.ts';
import { createMetrics } from '../../../gateway/ops/metrics.ts';
import { countsOf, parseExposition, valuesOf } from '../../support/reports/exposition.ts';
import { REQUESTS } from '../../support/reports/scrape.ts';

/** What a worker would count: numbers that tell a sum from a maximum. */
function worker({ waiting, revoked, age, isUp }: { waiting: number; revoked: number; age: number; isUp: boolean }) {
  return createMetrics({
    certificates: () => [],
    clocks: [{ store: 'database', difference: 1_500 }],
    hashing: { waiting, running: 1 },
    denylist: { size: revoked, age: () => age },
    caches: {
      credentials: { hits: 10, misses: 1 },
      accounts: { hits: 100, misses: 2 },
      assertions: { hits: 0, misses: 0 },
    },
    stores: [{ name: 'database', isUp }],
    linesDropped: () => 5,
  });
}

const record = (): RequestRecord => ({
  id: '',
  hasMadeId: true,
  client: '127.0.0.1',
  method: 'GET',
  path: '/',
  protocol: 'HTTP/1.1',
  userAgent: undefined,
  startedAt: performance.now() - 30,
  trace: null,
  accountId: null,
  tokenId: null,
  route: 'a',
  upstream: null,
  door: null,
  received: 0,
  sent: 0,
  status: 499,
  rateLimit: null,
  failure: null,
});

/** As it travels from one process to another. */
const sent = (snapshot: Snapshot) => JSON.parse(JSON.stringify(snapshot)) as Snapshot;

test('over workers, counts and loads are summed; of copies of one truth the worst is told', async (t) => {
  const one = worker({ waiting: 3, revoked: 7, age: 500, isUp: true });
  const other = worker({ waiting: 4, revoked: 9, age: 250, isUp: false });
  one.requests.began();
  one.requests.began();
  one.requests.ended(record(), 200);
  other.requests.began();
  other.requests.ended(record(), 200);
  other.requests.began();
  other.requests.webSocketOpened();
  one.group('g', ['http://a']).attempted('answered', 20);
  other.group('g', ['http://a']).attempted('answered', 40);
  other.group('g', ['http://a']).ejected('http://a');
  other.group('h', ['http://b']).changed('http://b', false);
  one.group('h', ['http://b']);

  const text = await textOf([sent(await one.snapshot()), sent(await other.snapshot())]);
  const scraped = parseExposition(text);
  const value = (series: string) => scraped.series.get(series);
  t.deepEqual(valuesOf(scraped, REQUESTS), { 'method="GET",route="a",status="2xx"': 2 });
  t.is(value('gatehouse_requests_in_flight'), 2);
  t.is(value('gatehouse_websockets_open'), 1);
  t.is(value('gatehouse_workers'), 2);
  t.is(value('gatehouse_log_lines_dropped_total'), 10);
  t.is(value('gatehouse_password_checks{state="waiting"}'), 7);
  t.is(value('gatehouse_cache_requests_total{cache="accounts",result="hit"}'), 200);
  t.is(value('gatehouse_denylist_tokens'), 9);
  t.is(value('gatehouse_denylist_age_seconds'), 0.5);
  t.is(value('gatehouse_store_up{store="database"}'), 0);
  t.is(value('gatehouse_upstream_duration_seconds_count{group="g",outcome="answered"}'), 2);
  t.is(value('gatehouse_upstream_duration_seconds_bucket{group="g",le="0.025",outcome="answered"}'), 1);
  t.is(value('gatehouse_upstream_duration_seconds_sum{group="g",outcome="answered"}'), 0.06);
  t.is(value('gatehouse_upstream_ejections_total{group="g",server="http://a"}'), 1);
  t.is(value('gatehouse_upstream_up{group="g",server="http://a"}'), 1);
  t.is(value('gatehouse_upstream_up{group="h",server="http://b"}'), 0);
  t.true(scraped.series.has('process_start_time_seconds'));
});

test('what a worker has counted stays when it is gone, and what it held does not', async (t) => {
  const total = createTotal();
  const scraped = async () => parseExposition(await textOf([await total.sum()]));
  t.is((await scraped()).series.size, 0);
  for (const id of [1, 2, 3]) {
    const metrics = worker({ waiting: 1, revoked: id, age: 0, isUp: true });
    for (let i = 0; i < 2; i++) metrics.requests.began();
    metrics.requests.ended(record(), 200);
    total.set(id, sent(await metrics.snapshot()));
  }
  total.remove(1);
  const during = total.sum().then((sum) => textOf([sum]));
  total.remove(3);
  total.remove(3);
  total.remove(4);
  for (const [text, living, revoked] of [
    [await during, 2, 3],
    [await textOf([await total.sum()]), 1, 2],
  ] as const) {
    const { series } = parseExposition(text);
    t.is(series.get(`${REQUESTS}{method="GET",route="a",status="2xx"}`), 3);
    t.is(series.get('gatehouse_requests_in_flight'), living);
    t.is(series.get('gatehouse_workers'), living);
    t.is(series.get('gatehouse_denylist_tokens'), revoked);
  }
});

test('numbers of a worker that cannot be summed are left out and told, and cost neither the others nor later scrapes theirs', async (t) => {
  const leftOut: number[] = [];
  const total = createTotal((process) => void leftOut.push(process));
  const good = worker({ waiting: 1, revoked: 1, age: 0, isUp: true });
  total.set(1, sent(await good.snapshot()));
  const counter = {
    name: 'a',
    help: '',
    type: 'counter',
    values: [{ value: 1, labels: {} }],
    aggregator: 'unheard of',
  };
  total.set(2, [counter] as unknown as Snapshot);
  total.set(3, [{ ...counter, name: 'b', aggregator: 'sum', values: null }] as unknown as Snapshot);
  const workers = async () => parseExposition(await textOf([await total.sum()])).series.get('gatehouse_workers');
  t.is(await workers(), 1);
  t.deepEqual(leftOut.splice(0), [2, 3]);
  total.remove(2);
  total.remove(3);
  t.is(await workers(), 1);
  total.remove(1);
  t.is(parseExposition(await textOf([await total.sum()])).series.get('gatehouse_log_lines_dropped_total'), 5);
  t.deepEqual(leftOut, [2, 3]);
});

test('who could not be judged is counted by what was out', async (t) => {
  const metrics = worker({ waiting: 0, revoked: 0, age: 0, isUp: true });
  metrics.authentications.failed(storeUnavailable('database', null));
  metrics.authentications.failed(storeUnavailable('redis', null));
  metrics.authentications.failed(new GatewayError('service_unavailable', 'too many'));
  metrics.authentications.failed(new GatewayError('too_many_requests', 'too many'));
  metrics.authentications.failed(new TypeError('a fault'));
  metrics.authentications.failed('a fault');
  const scraped = parseExposition(await textOf([await metrics.snapshot()]));
  t.deepEqual(countsOf(scraped, 'gatehouse_authentications_total'), {
    'outcome="failed",reason="database"': 1,
    'outcome="failed",reason="redis"': 1,
    'outcome="failed",reason="overloaded"': 1,
    'outcome="failed",reason="internal"': 2,
    'outcome="refused",reason="throttled"': 1,
  });
});
