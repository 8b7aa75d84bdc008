import test from 'ava';
import { screenOf, sparkline } from '../../../gateway/cli/top/screen.ts';
import type { ConsoleSnapshot } from '../../../gateway/ops/console/snapshot.ts';

const SNAPSHOT: ConsoleSnapshot = {
  ...{
    at: 1_700_000_000_000,
    rates: { '2xx': 10 },
    p50: 1,
    p99: 5,
    failures: { upstream: 2 },
    refusals: { absent: 1 },
  },
  ...{ version: '1.0.0', configuration: { file: '/etc/g.yaml', appliedAt: 1_700_000_000_000 } },
  ...{ status: 'ready', unavailable: [], workers: 2, stores: [{ name: 'database', isUp: true }], denylistAge: 0.5 },
  ...{ inFlight: 3, webSockets: 1, eventLoop: 0.2, moreRoutes: 4, moreServers: 0, moreFailures: 0 },
  routes: [{ name: 'orders', rate: 10, p99: 5, failures: 2 }],
  servers: [{ group: 'g', server: 'http://10.0.0.1', isUp: false }],
  newFailures: [
    {
      ...{ number: 1, at: 1_700_000_000_000, id: 'the-id', method: 'GET', path: '/a', route: 'orders', status: 502 },
      ...{ fault: 'upstream', error: 'bad_gateway', detail: 'refused', upstream: 'http://10.0.0.1', worker: 1 },
    },
  ],
};
const SHOWN = { address: 'http://127.0.0.1:8081', history: [SNAPSHOT], lost: null };

test('a screen has the state, the plots, routes, servers that are down, and failures with their ids', (t) => {
  const text = screenOf(SHOWN, { columns: 120, rows: 40 })
    .map((line) => line.text)
    .join('\n');
  for (const part of [
    'ready',
    '2 processes',
    'database up',
    'requests',
    'orders',
    'and 4 more',
    '0 of 1 up',
    'the-id',
  ]) {
    t.true(text.includes(part), part);
  }
});

test('no line is wider and no screen higher than the terminal, and no name sends control characters to it', (t) => {
  const nasty = `\u001b]0;owned\u0007\u009b31m\u202e💥${'宽'.repeat(50)}`;
  const snapshot = JSON.parse(
    JSON.stringify(SNAPSHOT).replaceAll('orders', JSON.stringify(nasty).slice(1, -1)),
  ) as ConsoleSnapshot;
  for (const [columns, rows] of [
    [80, 24],
    [20, 5],
    [1, 1],
    [200, 60],
  ] as const) {
    const lines = screenOf({ ...SHOWN, history: [snapshot], lost: nasty }, { columns, rows });
    t.true(lines.length <= rows);
    for (const { text } of lines) {
      t.true(text.length <= columns, text);
      t.notRegex(text, /[\p{Cc}\p{Cf}]/u);
    }
  }
});

test('a lost connection is the first line, with the last numbers below it', (t) => {
  const [first, second] = screenOf({ ...SHOWN, lost: 'nothing listens there' }, { columns: 80, rows: 24 });
  t.regex(first?.text ?? '', /^CONNECTION LOST: nothing listens there/);
  t.regex(second?.text ?? '', /^gatehouse 1\.0\.0/);
});

test('a sparkline has a bar for each value and a gap where there is none', (t) => {
  t.is(sparkline([0, 5, null, 10]), '▁▅ █');
  t.is(sparkline([0, 0]), '▁▁');
  t.is(sparkline([]), '');
});
