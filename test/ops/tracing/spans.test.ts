import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { closable } from '../../support/gateways/closable.ts';
import { listenOver, overAll, routeOver, type Transport } from '../../support/gateways/forwarding.ts';
import { webSocketTo, webSocketUpstream } from '../../support/http/websocket.ts';
import { type Collector, type Span, startCollector } from '../../support/tracing/collector.ts';

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

interface Traced {
  readonly gateway: TestGateway;
  readonly collector: Collector;
  /** The `traceparent` of each request that has arrived at the upstream. */
  readonly arrived: string[];
}

async function traced(
  t: ExecutionContext,
  settings: Record<string, unknown> = {},
  transport: Transport = 'direct',
): Promise<Traced> {
  const collector = await startCollector(t);
  const arrived: string[] = [];
  const upstream = await httpUpstream(t, (req, res) => {
    arrived.push(String(req.headers.traceparent));
    req.resume();
    res.statusCode = Number(req.url?.match(/\d{3}$/)?.[0] ?? 200);
    res.end('{}');
  });
  const gateway = await testGateway(t, {
    listen: listenOver(transport),
    tracing: { url: collector.url, sample: '100%', name: 'edge' },
    decisions: { port: 0 },
    routes: [
      { name: 'orders', path: '/api/v1/orders', upstream: upstream.url, ...routeOver(transport) },
      { name: 'gone', path: '/gone', upstream: 'http://127.0.0.1:1', auth: 'none', ...routeOver(transport) },
    ],
    ...settings,
  });
  return { gateway, collector, arrived };
}

async function spansOf({ collector }: Traced, count: number): Promise<{ server: Span; clients: Span[] }> {
  await holds(`${count} spans have arrived`, () => collector.spans.length >= count);
  const spans = collector.spans.splice(0);
  const server = spans.find(({ kind }) => kind === SERVER);
  if (server === undefined || spans.length !== count) throw new Error(JSON.stringify(spans));
  const clients = spans.filter(({ kind }) => kind === CLIENT).sort((one, other) => one.startedAt - other.startedAt);
  return { server, clients };
}

overAll('a request has a server span and a client span, whose id the upstream gets', async (t, transport) => {
  const one = await traced(t, {}, transport);
  const before = Date.now();
  const answer = await fetch(`${one.gateway.url}/api/v1/orders/7?secret=1`, {
    headers: { Authorization: basic(ADA), 'User-Agent': 'tester' },
  });
  await answer.text();
  const { server, clients } = await spansOf(one, 2);
  const [client] = clients;
  t.is(server.name, 'GET /api/v1/orders');
  t.is(server.service, 'edge');
  t.is(server.parentSpanId, '');
  t.is(server.statusCode, 0);
  t.like(server.attributes, {
    'http.request.method': 'GET',
    'http.route': '/api/v1/orders',
    'http.response.status_code': 200,
    'url.path': '/api/v1/orders/7',
    'client.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'user_agent.original': 'tester',
    'enduser.id': '1',
    'gatehouse.authentication': 'password',
    'gatehouse.request.id': answer.headers.get('x-request-id'),
  });
  t.is(client?.traceId, server.traceId);
  t.is(client?.parentSpanId, server.spanId);
  t.is(client?.name, 'GET');
  t.like(client?.attributes, { 'server.address': '127.0.0.1', 'http.response.status_code': 200 });
  t.deepEqual(one.arrived, [`00-${server.traceId}-${client?.spanId}-01`]);
  t.true(server.startedAt >= before - 100 && server.endedAt <= Date.now() + 100);
  t.true(server.startedAt <= (client?.startedAt ?? 0) && (client?.endedAt ?? 0) <= server.endedAt);
  const line = await one.gateway.logged(({ msg }) => msg === 'request');
  t.is(line.trace, server.traceId);
});

test('a credential that the limit of a long User-Agent cuts is not in a span', async (t) => {
  const place = await traced(t);
  const secret = 'Opaque0Credential1Of2An3Application';
  const before = 'Bearer ';
  const filler = 'x '.repeat((2_048 - before.length - 11) / 2);
  await fetch(`${place.gateway.url}/gone`, { headers: { 'User-Agent': `${filler}${before}${secret}` } });
  const { server } = await spansOf(place, 2);
  const shown = String(server.attributes['user_agent.original']);
  t.true(shown.length > 2_000 && shown.length <= 2_048);
  t.false(shown.includes(secret.slice(0, 8)), shown.slice(-40));
});

test('no credential, query or email is in a span', async (t) => {
  const one = await traced(t);
  const token = await one.gateway.token();
  await holds('the span of the token has arrived', () => one.collector.spans.length === 1);
  await fetch(`${one.gateway.url}/api/v1/orders/${token}?token=${token}`, {
    headers: { Authorization: `Bearer ${token}`, 'User-Agent': `agent ${basic(ADA)}` },
  });
  await holds('its spans have arrived', () => one.collector.spans.length === 3);
  const text = JSON.stringify(one.collector.spans);
  t.false(text.includes(token));
  t.false(text.includes(ADA.email));
  t.false(text.includes(basic(ADA).slice(6)));
  const server = one.collector.spans.find(({ name }) => name.startsWith('GET '));
  t.is(server?.attributes['gatehouse.authentication'], 'token');
  t.truthy(server?.attributes['gatehouse.token.id']);
});

test('requests that are refused, or that no route takes, have a server span alone', async (t) => {
  const one = await traced(t);
  const ask = (path: string, headers = {}, method = 'GET') => fetch(one.gateway.url + path, { headers, method });
  t.is((await ask('/api/v1/orders')).status, 401);
  const refused = await spansOf(one, 1);
  t.like(refused.server.attributes, {
    'http.response.status_code': 401,
    'gatehouse.authentication': 'refused',
    'gatehouse.error': 'unauthorized',
  });
  t.is(refused.server.statusCode, 0, 'what a client does wrong is no error of the server');
  t.is((await ask('/api/v1/orders', { Authorization: basic(BOB) })).status, 403);
  t.is((await spansOf(one, 1)).server.attributes['gatehouse.fault'], 'client');
  t.is((await ask('/nowhere')).status, 404);
  t.is((await spansOf(one, 1)).server.name, 'GET');
  t.is((await ask('/nowhere', {}, 'PURGE')).status, 404);
  t.like((await spansOf(one, 1)).server, { name: '_OTHER', attributes: { 'http.request.method_original': 'PURGE' } });
});

overAll('each attempt has a span: a retry is counted, and its failure told', async (t, transport) => {
  const upstream = await httpUpstream(t);
  const cuts = await tcpUpstream(t, (socket) => socket.once('data', () => socket.destroy()));
  const one = await traced(
    t,
    {
      upstreams: { two: { servers: [cuts.url, upstream.url], retries: { budget: 100 } } },
      routes: [{ name: 'two', path: '/two', upstream: 'two', auth: 'none', ...routeOver(transport) }],
    },
    transport,
  );
  let retried: Span[] = [];
  while (retried.length < 2) {
    t.is((await fetch(`${one.gateway.url}/two`)).status, 200);
    const line = await one.gateway.logged(({ msg }) => msg === 'request');
    t.is(line.status, 200);
    await holds('the spans have arrived', () => one.collector.spans.some(({ kind }) => kind === SERVER));
    retried = one.collector.spans.splice(0).filter(({ kind }) => kind === CLIENT);
  }
  const [first, second] = retried.sort((before, after) => before.startedAt - after.startedAt);
  t.is(first?.statusCode, ERROR);
  t.is(first?.attributes['error.type'], 'bad_gateway');
  t.is(first?.attributes['http.response.status_code'], undefined);
  t.is(second?.attributes['http.request.resend_count'], 1);
  t.is(second?.attributes['http.response.status_code'], 200);
  t.true((first?.endedAt ?? 0) <= (second?.startedAt ?? 0));
});

overAll('an upstream that is gone makes both spans errors', async (t, transport) => {
  const one = await traced(t, {}, transport);
  t.is((await fetch(`${one.gateway.url}/gone`)).status, 502);
  const { server, clients } = await spansOf(one, 2);
  t.is(server.statusCode, ERROR);
  t.like(server.attributes, { 'error.type': 'bad_gateway', 'gatehouse.fault': 'upstream' });
  t.is(clients[0]?.statusCode, ERROR);
  t.is(clients[0]?.attributes['http.response.status_code'], undefined);
});

test('an error of the upstream is its status, and an error of the client span from 400 on', async (t) => {
  const one = await traced(t);
  const headers = { Authorization: basic(ADA) };
  t.is((await fetch(`${one.gateway.url}/api/v1/orders/404`, { headers })).status, 404);
  const missing = await spansOf(one, 2);
  t.is(missing.server.statusCode, 0);
  t.like(missing.clients[0], {
    statusCode: ERROR,
    attributes: { 'error.type': '404', 'http.response.status_code': 404 },
  });
  t.is((await fetch(`${one.gateway.url}/api/v1/orders/500`, { headers })).status, 500);
  t.is((await spansOf(one, 2)).server.statusCode, ERROR);
});

test('a WebSocket has the spans of its handshake, at once', async (t) => {
  const upstream = await webSocketUpstream(t);
  const one = await traced(t, { routes: [{ name: 'ws', path: '/ws', upstream: upstream.url, auth: 'none' }] });
  const client = await webSocketTo(t, `${one.gateway.url.replace('http', 'ws')}/ws`);
  const { server, clients } = await spansOf(one, 2);
  t.is(server.attributes['http.response.status_code'], 101);
  t.is(clients.length, 1);
  client.close();
});

test('a decision for another proxy has a server span', async (t) => {
  const one = await traced(t);
  const answer = await fetch(`${one.gateway.decisionsUrl}/auth-request`, {
    headers: {
      Authorization: basic(ADA),
      'X-Original-Method': 'GET',
      'X-Original-URI': '/api/v1/orders/7?secret=1',
      'X-Forwarded-For': '203.0.113.7',
      traceparent: `00-${TRACE}-${PARENT}-01`,
    },
  });
  t.is(answer.status, 200);
  const { server } = await spansOf(one, 1);
  t.is(server.traceId, TRACE);
  t.is(server.parentSpanId, PARENT);
  t.like(server.attributes, {
    'gatehouse.door': 'auth-request',
    'http.response.status_code': 200,
    'url.path': '/api/v1/orders/7',
    'client.address': '203.0.113.7',
  });
});

for (const [whose, trustedProxies, sample, flag, sampled] of [
  ['a trusted proxy', ['127.0.0.1'], '0%', '01', '01'],
  ['a trusted proxy', ['127.0.0.1'], '100%', '00', '00'],
  ['anybody else', [], '0%', '01', '00'],
  ['anybody else', [], '100%', '00', '01'],
] as const) {
  const counts = trustedProxies.length > 0 ? 'counts' : 'does not count';
  test(`the flag ${flag} of ${whose} ${counts}, with ${sample} sampled`, async (t) => {
    const collector = await startCollector(t);
    const arrived: string[] = [];
    const upstream = await httpUpstream(t, (req, res) => {
      arrived.push(String(req.headers.traceparent));
      res.end();
    });
    const gateway = await closable(t, upstream, { trustedProxies, tracing: { url: collector.url, sample } });
    const headers = { traceparent: `00-${TRACE}-${PARENT}-${flag}` };
    t.is((await fetch(`${gateway.url}/s`, { headers })).status, 200);
    t.regex(arrived[0] ?? '', new RegExp(`^00-${TRACE}-[\\da-f]{16}-${sampled}$`));
    // Sends what waits.
    await gateway.close({ delay: 0, timeout: 5_000 });
    const server = collector.spans.find(({ kind }) => kind === SERVER);
    if (sampled === '00') t.is(server, undefined);
    else t.like(server, { traceId: TRACE, parentSpanId: PARENT });
  });
}

test('what is not sampled keeps the trace and says so to the upstream', async (t) => {
  const one = await traced(t, { tracing: { url: 'http://127.0.0.1:1', sample: '0%' } });
  const headers = { Authorization: basic(ADA) };
  await fetch(`${one.gateway.url}/api/v1/orders/200`, {
    headers: { ...headers, traceparent: `00-${TRACE}-${PARENT}-01` },
  });
  const plain = await fetch(`${one.gateway.url}/api/v1/orders/200`, { headers });
  t.is(one.arrived[0], `00-${TRACE}-${PARENT}-00`);
  t.regex(one.arrived[1] ?? '', new RegExp(`^00-${plain.headers.get('x-request-id')}-[\\da-f]{16}-00$`));
});

test('without a collector, the trace context passes as it came', async (t) => {
  const one = await traced(t, { tracing: { url: '' } });
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  await fetch(`${one.gateway.url}/api/v1/orders/200`, { headers: { Authorization: basic(ADA), traceparent } });
  t.deepEqual(one.arrived, [traceparent]);
  const line = await one.gateway.logged(({ msg }) => msg === 'request');
  t.false('trace' in line);
});
