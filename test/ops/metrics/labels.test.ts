import { readFileSync } from 'node:fs';
import { METHODS } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { FOR, told } from '../../support/gateways/decisions.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { rawExchange } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import { scrape, scrapeAfter } from '../../support/reports/scrape.ts';
import { SERVER } from '../../support/stores/certificates.ts';
import { entry, visit } from '../../support/tls/tls-visit.ts';

/** Node's own client and parser take no others. CONNECT is no request to the gateway. */
const ODD_METHODS = METHODS.filter(
  (method) => !['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'].includes(method),
);
const MANY = 2_000;

async function gatewayToTry(t: ExecutionContext): Promise<TestGateway> {
  const upstream = await httpUpstream(t);
  return await testGateway(t, {
    decisions: { port: 0 },
    accounts: { passwordCost: 4, throttle: { perAddressAndAccount: 1_000, perAddress: 10_000 } },
    limits: { many: { requests: 1_000_000, per: '1s', by: 'address' } },
    routes: [
      { name: 'a', path: '/api/v1/a', upstream: upstream.url },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none', limits: 'many' },
    ],
  });
}

function seriesNames(scraped: Awaited<ReturnType<typeof scrape>>): string[] {
  return [...scraped.series.keys()].filter((name) => name.startsWith('gatehouse_')).sort();
}

test('however many paths, methods, ids, hosts and accounts clients make up, the series stay the same', async (t) => {
  const gateway = await gatewayToTry(t);
  const exchange = (line: string, fields: readonly string[] = []) =>
    rawExchange(gateway.port, requestText(line, [...fields, 'Connection: close']));
  // One of each kind, after which there is nothing new.
  await exchange('GET /nothing');
  await exchange('GET /open');
  await exchange('GET /api/v1/a');
  await exchange('GET /api/v1/tokens/');
  await exchange('PROPFIND /nothing');
  await exchange('PROPFIND /open');
  await exchange('TRACE /nothing');
  await exchange('get /open');
  const before = seriesNames(await scrapeAfter(gateway, 8));

  for (const method of ODD_METHODS) {
    await exchange(`${method} /open/${method}`);
    await exchange(`${method} /${method}`);
  }
  await exchange('get /open');
  await exchange('GET /open', ['X-Request-Id: made-up', 'X-Forwarded-For: 192.0.2.1', 'User-Agent: made-up']);
  await exchange('GET /api/v1/tokens/made-up');
  await exchange('GET /api/v1/tokens', [`Authorization: ${basic({ email: 'made@up.example', password: 'x' })}`]);
  await exchange('GET /api/v1/a', ['Authorization: Bearer made.up.token']);
  await exchange('GET /nothing', HANDSHAKE.slice(1));
  for (const path of ['/nothing?q={a="b"}', '/open/"\\n', '/open/%22%0A', 'http://made.up/nothing', '/open/../x']) {
    await exchange(`GET ${path}`);
  }
  const origin = gateway.url;
  for (let i = 0; i < MANY; i += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, j) => {
        const { body } = await request(`${origin}/${i + j}/made-up`, { headers: { 'x-request-id': `id-${i + j}` } });
        await body.dump();
      }),
    );
  }
  const after = seriesNames(await scrapeAfter(gateway, MANY));
  t.deepEqual(after, before);
  t.deepEqual(
    after.filter((name) => /PROPFIND|made/i.test(name)),
    [],
  );
});

test('docs/metrics.md has every metric of the gateway, with its labels, and no other', async (t) => {
  const gateway = await gatewayToTry(t);
  await fetch(`${gateway.url}/open`);
  await told(gateway, ['GET /forward-auth/@open HTTP/1.1', FOR]);
  const { types, series } = await scrapeAfter(gateway, 1);
  const overTls = await testGateway(t, {
    listen: { tls: entry(SERVER) },
    routes: [{ name: 'open', path: '/s', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
  await visit(overTls.port);
  const ofTls = await scrapeAfter(overTls, 1);
  const labelsOf = (metric: string) => {
    const name = [...series.keys(), ...ofTls.series.keys()].find((key) =>
      key.replace(/_(?:bucket|sum|count)\b/, '').startsWith(`${metric}{`),
    );
    return [...(name ?? '').matchAll(/(\w+)="/g)].map(([, label = '']) => label).filter((label) => label !== 'le');
  };
  const own = [...types.keys()].filter((name) => name.startsWith('gatehouse_'));
  const docs = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = [...docs.matchAll(/^\| `(gatehouse_\w+)` \| ([^|]*)\|/gm)].map(([, name = '', labels = '']) => [
    name,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort(),
  ]);
  t.deepEqual(Object.fromEntries(rows), Object.fromEntries(own.map((name) => [name, labelsOf(name).sort()])));
});

test('what is read of the services and of the process is there from the start', async (t) => {
  const gateway = await gatewayToTry(t);
  const { types, series } = await scrape(gateway);
  for (const [metric, type] of [
    ['gatehouse_password_checks', 'gauge'],
    ['gatehouse_authentications_total', 'counter'],
    ['gatehouse_event_loop_delay_seconds', 'histogram'],
    ['process_cpu_seconds_total', 'counter'],
    ['process_resident_memory_bytes', 'gauge'],
    ['process_start_time_seconds', 'gauge'],
    ['nodejs_heap_size_used_bytes', 'gauge'],
  ] as const) {
    t.is(types.get(metric), type, metric);
  }
  t.is(series.get('gatehouse_password_checks{state="running"}'), 0);
  t.is(series.get('gatehouse_authentications_total{outcome="failed",reason="database"}'), 0);
  t.is(series.get('gatehouse_upstream_ejections_total{group="none",server="none"}'), undefined);
  t.true((series.get('process_start_time_seconds') ?? 0) > 1_600_000_000);
});

// Nothing else goes on meanwhile.
test.serial(
  'the delay of the event loop is measured while nobody looks, and a long one counts for all it kept waiting',
  async (t) => {
    const gateway = await gatewayToTry(t);
    const slow = async () => {
      const { series } = await scrape(gateway);
      const of = (le: string) => series.get(`gatehouse_event_loop_delay_seconds_bucket{le="${le}"}`) ?? 0;
      return of('+Inf') - of('0.1');
    };
    const before = await slow();
    const until = performance.now() + 500;
    while (performance.now() < until);
    // One sample every 20 ms of the 400 ms during which one would have waited for more than 100 ms.
    await holds('it shows', async () => (await slow()) - before >= 15);
    t.pass();
  },
);
