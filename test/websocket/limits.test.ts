import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { PATIENT, parts, requestText, valuesOf } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { echoed, HANDSHAKE, webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const AUTHORIZED = { authorization: basic(ADA) };
const ASK = requestText('GET /open', HANDSHAKE);

async function limited(t: ExecutionContext, webSockets: object, url?: string) {
  const upstream = url ?? (await webSocketUpstream(t)).url;
  return testGateway(t, {
    webSockets,
    trustedProxies: ['127.0.0.1'],
    routes: [
      { name: 'open', path: '/open', upstream, auth: 'none' },
      { name: 'ws', path: '/api/v1/ws', upstream },
    ],
    timeouts: PATIENT,
  });
}

test('beyond webSockets.max a handshake is a 503 with Retry-After, until one of them ends', async (t) => {
  const gateway = await limited(t, { max: 2 });
  const first = await webSocketTo(t, `${gateway.url}/open`);
  await webSocketTo(t, `${gateway.url}/api/v1/ws`, AUTHORIZED);
  const answer = await rawExchange(gateway.port, ASK);
  t.is(statusOf(answer), 503);
  t.is(JSON.parse(parts(answer).body).error, 'service_unavailable');
  t.deepEqual(valuesOf(answer, 'retry-after'), ['5']);
  const line = await gateway.logged(({ status }) => status === 503);
  t.is(line.fault, 'gateway');
  t.regex(String(line.detail), /webSockets\.max/);

  first.close();
  await holds('there is a place again', async () => {
    const client = await rawClient(gateway.port);
    client.send(ASK);
    const head = await client.until(/\r\n\r\n/);
    client.socket.destroy();
    return statusOf(head) === 101;
  });
});

test('beyond webSockets.maxPerClient a handshake is a 429, and others still have theirs', async (t) => {
  const gateway = await limited(t, { maxPerClient: 1 });
  const asked = async (...fields: string[]) => {
    const client = await rawClient(gateway.port);
    t.teardown(() => client.socket.destroy());
    const line = fields.some((field) => field.startsWith('Authorization')) ? 'GET /api/v1/ws' : 'GET /open';
    client.send(requestText(line, [...HANDSHAKE, ...fields]));
    return statusOf(await client.until(/\r\n\r\n/));
  };
  t.is(await asked('X-Forwarded-For: 192.0.2.1'), 101);
  t.is(await asked('X-Forwarded-For: 192.0.2.1'), 429);
  t.is(await asked('X-Forwarded-For: 192.0.2.2'), 101);
  const byAda = `Authorization: ${basic(ADA)}`;
  t.is(await asked(byAda, 'X-Forwarded-For: 192.0.2.1'), 101, 'an account is a client wherever it is');
  t.is(await asked(byAda, 'X-Forwarded-For: 192.0.2.3'), 429);
  const line = await gateway.logged(({ status }) => status === 429);
  t.regex(String(line.detail), /webSockets\.maxPerClient/);
});

test('a handshake under way has its place already, and gives it back when it comes to nothing', async (t) => {
  const asked: Socket[] = [];
  const upstream = await tcpUpstream(t, (socket) => void socket.once('data', () => asked.push(socket)));
  const gateway = await limited(t, { max: 1 }, upstream.url);
  const first = await rawClient(gateway.port);
  first.send(ASK);
  await holds('it is under way', () => asked.length === 1);
  t.is(statusOf(await rawExchange(gateway.port, ASK)), 503);

  asked[0]?.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
  t.is(statusOf(await first.ended()), 403);
  first.socket.destroy();
  await gateway.logged(({ status }) => status === 403);
  const next = await rawClient(gateway.port);
  t.teardown(() => next.socket.destroy());
  next.send(ASK);
  await holds('the next one is under way', () => asked.length === 2);
});

test('a WebSocket on which nobody sends anything for long is closed with 1001 on both sides', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await limited(t, { idle: '1s' }, upstream.url);
  const socket = await webSocketTo(t, `${gateway.url}/open`);
  await echoed(socket, 'hello');
  const [code] = (await once(socket, 'close')) as [number];
  t.is(code, 1001);
  await holds('the upstream is let go', () => upstream.sockets[0]?.readyState === 3);
  const line = await gateway.logged(({ route }) => route === 'open');
  t.is(line.error, 'request_timeout');
  t.regex(String(line.detail), /neither side sent anything/);
});

test('one side that sends keeps a WebSocket open', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await limited(t, { idle: '3s' }, upstream.url);
  const quiet = await webSocketTo(t, `${gateway.url}/open`);
  const pinging = await webSocketTo(t, `${gateway.url}/open`);
  const [, server] = upstream.sockets;
  const timer = setInterval(() => server?.send('still here'), 100);
  t.teardown(() => clearInterval(timer));
  await once(quiet, 'close');
  t.is(pinging.readyState, 1);
});
