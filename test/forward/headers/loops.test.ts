import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { MOST_HOPS } from '../../../gateway/forward/headers/hops.ts';
import { ADA, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { listenOver, overAll, parts, requestText, routeOver, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];

/** Another port that leads to what gets its port later, and counts who comes. */
async function detour(t: ExecutionContext) {
  const place = { port: 0, connections: 0, url: '' };
  const { url } = await tcpUpstream(t, (socket) => {
    place.connections += 1;
    const onwards = connect(place.port, '127.0.0.1');
    onwards.on('error', () => socket.destroy());
    onwards.on('close', () => socket.destroy());
    socket.on('close', () => onwards.destroy());
    socket.pipe(onwards).pipe(socket);
  });
  place.url = url;
  return place;
}

overAll(
  'a request that goes round is a 508 when it has come back ten times, and holds no more connections',
  async (t, over) => {
    const around = await detour(t);
    const routes = [{ name: 'around', path: '/around', upstream: around.url, auth: 'none', ...routeOver(over) }];
    const gateway = await testGateway(t, { listen: listenOver(over), routes });
    around.port = gateway.port;
    for (const [line, fields] of [
      ['GET /around', CLOSE],
      ['GET /around', HANDSHAKE],
      ['GET /around', ['X-Gatehouse-Hops: 0', 'Connection: close, X-Gatehouse-Hops']],
    ] as const) {
      const before = around.connections;
      const answer = await rawExchange(gateway.port, requestText(line, fields));
      t.is(statusOf(answer), 508);
      t.is(JSON.parse(parts(answer).body).error, 'loop_detected');
      t.true(around.connections - before <= MOST_HOPS + 1, `${around.connections - before} connections`);
    }
    const line = await gateway.logged(({ error }) => error === 'loop_detected');
    t.is(line.fault, 'gateway');
    t.regex(String(line.detail), /come back to this gateway 10 times or more.*route around/);
  },
);

test('a request that goes round with its credentials is a 508 too', async (t) => {
  const around = await detour(t);
  const routes = [{ name: 'around', path: '/api/v1/around', upstream: around.url, passAuthorization: true }];
  const gateway = await testGateway(t, { routes });
  around.port = gateway.port;
  const answer = await rawExchange(
    gateway.port,
    requestText('GET /api/v1/around', [`Authorization: ${basic(ADA)}`, ...CLOSE]),
  );
  t.is(statusOf(answer), 508);
});

test('a request that goes round through two gateways with other secrets is a 508 of one of them', async (t) => {
  const around = await detour(t);
  const route = { name: 'around', path: '/around', auth: 'none' };
  const one = await testGateway(t, { routes: [{ ...route, upstream: around.url }] });
  const other = await testGateway(t, { routes: [{ ...route, upstream: one.url }] });
  around.port = other.port;
  t.is(statusOf(await rawExchange(one.port, requestText('GET /around', CLOSE))), 508);
  t.true(around.connections <= MOST_HOPS + 2, `${around.connections} connections`);
});

overAll('nobody has the gateway refuse a request by a count of his own, and no upstream gets that', async (t, over) => {
  const upstream = await httpUpstream(t);
  const routes = [
    { name: 'open', path: '/open', upstream: upstream.url, auth: 'none', ...routeOver(over) },
    { name: 'guarded', path: '/api/v1/x', upstream: upstream.url, ...routeOver(over) },
  ];
  const gateway = await testGateway(t, { listen: listenOver(over), routes });
  const ask = async (line: string, ...fields: string[]) =>
    statusOf(await rawExchange(gateway.port, requestText(line, [...fields, 'X-Forwarded-Host: a', ...CLOSE])));
  const hops = () => upstream.seen.at(-1)?.values('x-gatehouse-hops');

  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /open', CLOSE))), 200);
  t.deepEqual(hops(), [], 'what comes for the first time has come no other way');
  t.is(await ask('GET /open'), 200);
  const [first = ''] = hops() ?? [];
  t.regex(first, /^[\w-]{22}$/);
  for (const forged of ['99', '10, 10', `${'x'.repeat(5_000)}`, ',,,', '\xe9', 'hop 10']) {
    t.is(await ask('GET /open', `X-Gatehouse-Hops: ${forged}`, 'X_Gatehouse_Hops: 99'), 200, forged);
    t.deepEqual(hops(), [first], forged);
    t.deepEqual(upstream.seen.at(-1)?.values('x_gatehouse_hops'), []);
  }
  const other = 'a'.repeat(22);
  t.is(await ask('GET /open', `X-Gatehouse-Hops: ${Array(100).fill(other).join()}`), 200);
  t.deepEqual(hops(), [[first, ...Array(8).fill(other)].join(', ')], 'what other gateways count is kept within bounds');

  t.is(await ask('GET /open', `X-Gatehouse-Hops: ${first}`), 200);
  const [second = ''] = hops() ?? [];
  t.regex(second, /^[\w-]{22}$/);
  t.not(second, first);
  t.is(await ask('GET /api/v1/x', `Authorization: ${basic(ADA)}`, `X-Gatehouse-Hops: ${first}`), 200);
  t.deepEqual(hops(), [], 'with its credentials gone, a request does not go round');
});

test('an answer of the loop is not kept by caches', async (t) => {
  const around = await detour(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'around', path: '/around', upstream: around.url, auth: 'none' }],
  });
  around.port = gateway.port;
  const answer = await rawExchange(gateway.port, requestText('GET /around', CLOSE));
  t.deepEqual(valuesOf(answer, 'cache-control'), ['no-store']);
});
