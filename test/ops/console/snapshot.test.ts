import test from 'ava';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import type { RequestRecord } from '../../../gateway/domain/request-record.ts';
import { turnTime } from '../../../gateway/domain/turn-time.ts';
import type { SeenFailure } from '../../../gateway/ops/console/failures.ts';
import { fitted, MOST_BYTES } from '../../../gateway/ops/console/fitted.ts';
import { pointIn, readingOf, snapshotOf } from '../../../gateway/ops/console/snapshot.ts';
import { createMetrics } from '../../../gateway/ops/metrics.ts';

function metricsOf() {
  return createMetrics({
    hashing: { waiting: 0, running: 0 },
    denylist: { size: 2, age: () => 1_240 },
    clocks: [],
    caches: {
      credentials: { hits: 0, misses: 0 },
      accounts: { hits: 0, misses: 0 },
      assertions: { hits: 0, misses: 0 },
    },
    stores: [
      { name: 'database', isUp: true },
      { name: 'redis', isUp: false },
    ],
    linesDropped: () => 0,
    certificates: () => [],
  });
}

const PRESENT = {
  version: '1.2.3',
  configuration: { file: '/etc/gatehouse/gateway.yaml', appliedAt: 1_000 },
  readiness: { status: 'ready', unavailable: ['redis'] },
  newFailures: [],
};

/** A request that took so many milliseconds. */
function took(route: string | null, ms: number, failure: GatewayError | null = null): RequestRecord {
  return { route, method: 'GET', startedAt: turnTime() - ms, failure } as RequestRecord;
}

function failure(number: number, more: Partial<SeenFailure> = {}): SeenFailure {
  return {
    ...{ number, at: 5_000, id: `id${number}`, method: 'GET', path: '/a', route: 'a', status: 502, worker: null },
    ...{ fault: 'upstream', error: 'bad_gateway', detail: 'refused', upstream: 'http://127.0.0.1:9' },
    ...more,
  };
}

test('a snapshot has the rates, quantiles and states of the time between two readings', async (t) => {
  const metrics = metricsOf();
  const { requests, authentications } = metrics;
  metrics.group('orders', ['http://10.0.0.1:9000', 'http://10.0.0.2:9000']).changed('http://10.0.0.2:9000', false);
  const refuse = metrics.refusalsBy('slow', 'a');
  requests.answered(took('a', 1), 200);
  const before = readingOf(10_000, await metrics.snapshot());
  requests.began();
  for (let i = 0; i < 98; i++) requests.answered(took('a', 3), 200);
  for (let i = 0; i < 2; i++) requests.answered(took('b', 80, new GatewayError('bad_gateway', 'refused')), 502);
  requests.webSocketOpened();
  authentications.decided({ kind: 'absent' });
  authentications.decided({ kind: 'refused', reason: 'wrong password', scheme: 'basic' } as never);
  refuse();
  const after = readingOf(12_000, await metrics.snapshot());

  const snapshot = snapshotOf(before, after, PRESENT);
  t.is(snapshot.at, 12_000);
  t.deepEqual(snapshot.rates, { '2xx': 49, '5xx': 1 });
  t.true(snapshot.p50 !== null && snapshot.p50 > 2.5 && snapshot.p50 < 5, String(snapshot.p50));
  t.true(snapshot.p99 !== null && snapshot.p99 > 50 && snapshot.p99 <= 100, String(snapshot.p99));
  t.deepEqual(snapshot.failures, { upstream: 1 });
  t.deepEqual(snapshot.refusals, { absent: 0.5, wrong_password: 0.5, limited: 0.5 });
  t.is(snapshot.inFlight, 1);
  t.is(snapshot.webSockets, 1);
  t.is(snapshot.workers, 1);
  t.is(snapshot.denylistAge, 1.2);
  t.deepEqual(snapshot.stores, [
    { name: 'database', isUp: true },
    { name: 'redis', isUp: false },
  ]);
  t.deepEqual(
    snapshot.routes.map(({ name, rate, failures }) => ({ name, rate, failures })),
    [
      { name: 'a', rate: 49, failures: 0 },
      { name: 'b', rate: 1, failures: 1 },
    ],
  );
  t.deepEqual(snapshot.servers, [
    { group: 'orders', server: 'http://10.0.0.2:9000', isUp: false },
    { group: 'orders', server: 'http://10.0.0.1:9000', isUp: true },
  ]);
  t.deepEqual([snapshot.status, snapshot.unavailable, snapshot.version], ['ready', ['redis'], '1.2.3']);
});

test('a second without requests has no quantiles and no rates', async (t) => {
  const metrics = metricsOf();
  metrics.requests.answered(took('a', 3), 200);
  const reading = readingOf(1_000, await metrics.snapshot());
  const { rates, p50, p99, failures, refusals, routes } = snapshotOf(reading, { ...reading, at: 2_000 }, PRESENT);
  t.deepEqual({ rates, p50, p99, failures, refusals }, { rates: {}, p50: null, p99: null, failures: {}, refusals: {} });
  t.deepEqual(routes, [{ name: 'a', rate: 0, p99: null, failures: 0 }]);
});

test('counts that are smaller than before, as when a worker does not answer, are no negative rate', async (t) => {
  const metrics = metricsOf();
  metrics.requests.answered(took('a', 3, new GatewayError('bad_gateway', 'refused')), 502);
  const before = readingOf(1_000, await metrics.snapshot());
  const { rates, failures, routes, p99 } = snapshotOf(before, readingOf(2_000, []), PRESENT);
  t.deepEqual({ rates, failures, p99 }, { rates: {}, failures: {}, p99: null });
  t.deepEqual(routes, [{ name: 'a', rate: 0, p99: null, failures: 0 }]);
});

test('a snapshot has at most 4 KB, whatever names there are, and says what it leaves out', async (t) => {
  for (const letter of ['r', '\u0000', '💥', '"', '\u202e']) {
    const metrics = metricsOf();
    const before = readingOf(1_000, await metrics.snapshot());
    const names = Array.from({ length: 200 }, (_, i) => letter.repeat(120) + i);
    for (const name of names) metrics.requests.answered(took(name, 3), 200);
    metrics.group(letter.repeat(300), names);
    const long = letter.repeat(300);
    const newFailures = Array.from({ length: 50 }, (_, i) =>
      failure(i, {
        path: long,
        detail: long,
        route: long,
        id: 'i'.repeat(128),
        method: 'M'.repeat(32),
        upstream: long,
      }),
    );
    const present = {
      ...PRESENT,
      configuration: { file: long, appliedAt: 1 },
      readiness: { status: 'unavailable', unavailable: Array.from({ length: 40 }, () => long) },
      newFailures,
    };
    const full = snapshotOf(before, readingOf(2_000, await metrics.snapshot()), present);
    const small = fitted(full);
    t.true(Buffer.byteLength(JSON.stringify(small)) <= MOST_BYTES, letter);
    t.is(full.routes.length, 200);
    t.is(small.routes.length + small.moreRoutes, 200);
    t.is(small.servers.length + small.moreServers, 200);
    t.is(small.newFailures.length + small.moreFailures, 50);
    t.deepEqual(pointIn(small), pointIn(full));
  }
});

test('of what fits nothing is left out, and of failures the newest are kept', async (t) => {
  const metrics = metricsOf();
  const before = readingOf(1_000, await metrics.snapshot());
  for (let i = 0; i < 20; i++) metrics.requests.answered(took(`route-${i}`, 3), 200);
  metrics.group('g', ['http://10.0.0.1:9000']);
  const newFailures = Array.from({ length: 7 }, (_, i) => failure(i));
  const after = readingOf(2_000, await metrics.snapshot());
  const small = fitted(snapshotOf(before, after, { ...PRESENT, newFailures }));
  t.deepEqual([small.moreRoutes, small.moreServers, small.moreFailures], [0, 0, 2]);
  t.deepEqual(
    small.newFailures.map(({ number }) => number),
    [2, 3, 4, 5, 6],
  );
});
