import test from 'ava';
import type { LogLine } from '../../lab/gateways/gateway.ts';
import type { Scope } from '../../lab/scope.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';
import { httpUpstream, type TestUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { httpsUpstream } from '../../support/upstreams/https-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const GET = requestText('GET /s', ['Connection: close']);
const QUICK = { path: '/health', interval: '40ms', timeout: '10s' };

interface Checked extends TestUpstream {
  /** Of `/health`; 0: no answer at all. */
  status: number;
}

/** A server that answers health checks as the test says, and everything else with 200. */
async function checked(t: Scope): Promise<Checked> {
  const state = { status: 200 };
  const upstream = await httpUpstream(t, (req, res) => {
    if (req.url !== '/health') res.end('ok');
    else if (state.status > 0) res.writeHead(state.status).end('x'.repeat(1_000));
  });
  return Object.assign(state, upstream);
}

function requestsTo({ seen }: TestUpstream): number {
  return seen.filter(({ url }) => url !== '/health').length;
}

function isFailing({ msg }: LogLine): boolean {
  return msg === 'upstream fails its health checks';
}

test('a server that fails two checks gets no requests until it passes one', async (t) => {
  const [a, b] = await Promise.all([checked(t), checked(t)]);
  const gateway = await groupGateway(t, { servers: [a.url, b.url], health: QUICK });
  for (let i = 0; i < 4; i++) t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
  t.deepEqual([requestsTo(a), requestsTo(b)], [2, 2]);

  b.status = 503;
  const line = await gateway.logged(isFailing);
  t.is(line.upstream, b.url);
  t.is(line.group, 'g');
  t.is(line.fault, 'upstream');
  t.is(line.cause, 'answered /health with 503');
  for (let i = 0; i < 4; i++) await rawExchange(gateway.port, GET);
  t.deepEqual([requestsTo(a), requestsTo(b)], [6, 2]);

  b.status = 204;
  t.is((await gateway.logged(({ msg }) => msg === 'upstream passes its health checks')).upstream, b.url);
  for (let i = 0; i < 4; i++) await rawExchange(gateway.port, GET);
  t.deepEqual([requestsTo(a), requestsTo(b)], [8, 4]);
});

test('one failed check between good ones changes nothing', async (t) => {
  const upstream = await checked(t);
  let count = 0;
  const flapping = await httpUpstream(t, (_req, res) => void res.writeHead(++count % 2 === 0 ? 500 : 200).end());
  const gateway = await groupGateway(t, { servers: [upstream.url, flapping.url], health: QUICK });
  await holds('ten checks are made', () => count >= 10);
  t.false(gateway.log.some(isFailing));
});

for (const [what, status, timeout, cause] of [
  ['no answer in time', 0, '100ms', 'no answer in time'],
  ['a status that is not expected', 200, QUICK.timeout, 'answered /health with 200'],
] as const) {
  test(`${what} is a failed check`, async (t) => {
    const upstream = await checked(t);
    upstream.status = status;
    const gateway = await groupGateway(t, {
      servers: [upstream.url],
      health: { ...QUICK, timeout, status: ['401', '300-304'] },
    });
    t.is((await gateway.logged(isFailing)).cause, cause);
  });
}

test('a connection that is refused is a failed check', async (t) => {
  const upstream = await checked(t);
  const gateway = await groupGateway(t, {
    servers: [upstream.url, upstream.url.replace(/\d+$/, '1')],
    health: QUICK,
  });
  t.is((await gateway.logged(isFailing)).cause, 'ECONNREFUSED');
  for (let i = 0; i < 4; i++) t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
});

test('an answer whose body never ends is a failed check', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.writeHead(200).flushHeaders());
  const gateway = await groupGateway(t, { servers: [upstream.url], health: { ...QUICK, timeout: '100ms' } });
  t.is((await gateway.logged(isFailing)).cause, 'no answer in time');
});

test('when no server passes its checks, requests are tried nevertheless', async (t) => {
  const [a, b] = await Promise.all([checked(t), checked(t)]);
  a.status = 500;
  b.status = 500;
  const gateway = await groupGateway(t, { servers: [a.url, b.url], health: QUICK });
  await holds('both fail', () => gateway.log.filter(isFailing).length === 2);
  for (let i = 0; i < 4; i++) t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
  t.deepEqual([requestsTo(a), requestsTo(b)], [2, 2]);
});

test('a check is a GET with the Host of its server, made as often as it says, one at a time', async (t) => {
  let underWay = 0;
  let most = 0;
  const upstream = await httpUpstream(t, (_req, res) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay -= 1;
      res.end();
    }, 100);
  });
  await groupGateway(t, { servers: [`${upstream.url}/base`], health: { ...QUICK, interval: '1ms' } });
  await holds('five checks are made', () => upstream.seen.length >= 5);
  t.is(most, 1);
  const [first] = upstream.seen;
  t.is(first?.method, 'GET');
  t.is(first?.url, '/health');
  t.deepEqual(first?.values('host'), [`127.0.0.1:${upstream.port}`]);
  t.deepEqual(first?.values('user-agent'), ['gatehouse-health']);
});

test('checks over TLS use the connections and the authorities of the group', async (t) => {
  let connections = 0;
  let checks = 0;
  const { url, server } = await httpsUpstream(t, (req, res) => {
    if (req.url === '/health') checks += 1;
    res.end('ok');
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  const gateway = await groupGateway(t, {
    servers: [url],
    tls: { ca: SELF_SIGNED.cert },
    health: { ...QUICK, interval: '50ms' },
  });
  for (let i = 0; i < 10; i++) {
    t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await holds('checks are made', () => checks > 3);
  t.false(gateway.log.some(isFailing));
  t.true(connections <= 2, `${connections} connections`);
});
