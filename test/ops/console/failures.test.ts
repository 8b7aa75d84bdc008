import test from 'ava';
import { clientClosed, GatewayError } from '../../../gateway/domain/errors.ts';
import type { RequestRecord } from '../../../gateway/domain/request-record.ts';
import { mergedFailures, rememberFailures } from '../../../gateway/ops/console/failures.ts';

function record(id: string, more: Partial<RequestRecord> = {}): RequestRecord {
  const failure = new GatewayError('bad_gateway', 'connection refused');
  return { id, method: 'GET', path: '/a', route: 'a', upstream: 'http://10.0.0.1', failure, ...more } as RequestRecord;
}

test('the last 50 failures are remembered, without credentials and cut, and what succeeds is not', (t) => {
  const memory = rememberFailures();
  memory.add(record('ok', { failure: null }), 200);
  for (let i = 1; i <= 60; i++) memory.add(record(`id${i}`), 502);
  const { recent } = memory.read();
  t.deepEqual([recent.length, recent[0]?.id, recent.at(-1)?.id, recent.at(-1)?.number], [50, 'id11', 'id60', 60]);

  const secret = 'ada@example.com:correct-horse';
  const detail = `sent ${secret} ${'é…'.repeat(400)}`;
  memory.add(
    record('x', { path: `/t/${secret}/${'x'.repeat(4_000)}`, failure: new GatewayError('bad_gateway', detail) }),
    502,
  );
  const last = memory.read().recent.at(-1);
  t.false(JSON.stringify(last).includes('correct-horse'));
  t.is(last?.path.length, 300);
  t.true(last?.detail.includes('é…é…'));
});

test('the last failure of each server is remembered when others have followed, and only those that are its fault', (t) => {
  const memory = rememberFailures();
  memory.add(record('first', { upstream: 'http://10.0.0.2' }), 502);
  for (let i = 0; i < 60; i++) memory.add(record(`id${i}`), 502);
  memory.add(record('left', { failure: clientClosed() }), 499);
  const ids = memory.read().ofServers.map(({ upstream, id }) => [upstream, id]);
  t.deepEqual(ids, [
    ['http://10.0.0.2', 'first'],
    ['http://10.0.0.1', 'id59'],
  ]);
});

test('a flood of failures by the fault of clients hides no other, in one process and over several', (t) => {
  const flooded = (name: string) => {
    const memory = rememberFailures();
    for (let i = 1; i <= 60; i++) memory.add(record(`${name}${i}`), 502);
    for (let i = 1; i <= 1_000; i++) memory.add(record(`left${i}`, { failure: clientClosed() }), 499);
    return memory.read();
  };
  const [one, other] = [flooded('a'), flooded('b')];
  const faults = (recent: readonly { fault: string }[]) => [
    recent.length,
    recent.filter(({ fault }) => fault === 'client').length,
  ];
  t.deepEqual(faults(one.recent), [75, 25]);
  t.is(one.recent[0]?.id, 'a11');
  t.is(one.recent.at(-1)?.id, 'left1000');
  const merged = mergedFailures([
    [1, one],
    [2, other],
  ]);
  t.deepEqual(faults(merged.recent), [75, 25]);
});

test('the failures of several workers are told apart, in the order of time', (t) => {
  const [one, other] = [rememberFailures(), rememberFailures()];
  one.add(record('a'), 502);
  const [first] = one.read().recent;
  t.not(first, undefined);
  if (first === undefined) return;
  const later = { ...first, id: 'b', at: first.at + 5 };
  const { recent, ofServers } = mergedFailures([
    [2, { recent: [later], ofServers: [later] }],
    [1, one.read()],
    [3, other.read()],
  ]);
  t.deepEqual(
    recent.map(({ worker, id }) => [worker, id]),
    [
      [1, 'a'],
      [2, 'b'],
    ],
  );
  t.deepEqual(
    ofServers.map(({ id }) => id),
    ['b'],
  );
});
