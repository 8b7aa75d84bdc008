import type { ServerResponse } from 'node:http';
import test from 'ava';
import type { LogLine } from '../../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { overAll, requestText } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { moodyUpstream } from '../../support/upstreams/moody-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const GET = requestText('GET /s', ['Connection: close']);
const POST = requestText('POST /s', ['Connection: close']);

function isEjected({ msg }: LogLine): boolean {
  return msg === 'upstream is ejected';
}

overAll('a server that fails three times in a row gets no requests for a while', async (t, over) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  bad.isUnwell = true;
  const gateway = await groupGateway(t, { servers: [good.url, bad.url], eject: { pause: '30s' } }, { over });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) statuses.push(statusOf(await rawExchange(gateway.port, POST)));
  t.is(statuses.filter((status) => status === 502).length, 3);
  t.is(bad.arrivals.length, 3);
  t.is(good.arrivals.length, 9);
  const line = await gateway.logged(isEjected);
  t.is(line.upstream, bad.url);
  t.is(line.group, 'g');
  t.is(line.fault, 'upstream');
  t.is(line.pause, 30_000);
});

test('failures that are not in a row eject nobody', async (t) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  const gateway = await groupGateway(t, { servers: [good.url, bad.url] });
  for (let i = 0; i < 12; i++) {
    bad.isUnwell = i % 4 < 2;
    await rawExchange(gateway.port, POST);
  }
  t.is(bad.arrivals.length, 6);
  t.false(gateway.log.some(isEjected));
});

test('each pause is twice as long as the one before, up to the longest', async (t) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  bad.isUnwell = true;
  const gateway = await groupGateway(t, {
    servers: [good.url, bad.url],
    eject: { failures: 1, pause: '50ms', maxPause: '150ms' },
  });
  await holds(
    'it is tried five times',
    async () => {
      await rawExchange(gateway.port, GET);
      return bad.arrivals.length === 6;
    },
    20_000,
  );
  const gaps = bad.arrivals.slice(1).map((moment, i) => moment - (bad.arrivals[i] ?? 0));
  for (const [i, pause] of [50, 100, 150, 150, 150].entries()) t.true((gaps[i] ?? 0) >= pause, gaps.join());
  t.is(gateway.log.filter(isEjected).length, 1, 'the log has the first pause alone');
});

test('after its pause a server is tried with one request, and has its turns again when it answers', async (t) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  bad.isUnwell = true;
  const gateway = await groupGateway(t, { servers: [good.url, bad.url], eject: { failures: 1, pause: '100ms' } });
  for (let i = 0; i < 2; i++) await rawExchange(gateway.port, GET);
  bad.isUnwell = false;
  await holds('it is tried', async () => {
    await rawExchange(gateway.port, GET);
    return bad.arrivals.length === 2;
  });
  t.is((await gateway.logged(({ msg }) => msg === 'upstream is back')).upstream, bad.url);
  const before = bad.arrivals.length;
  for (let i = 0; i < 6; i++) await rawExchange(gateway.port, GET);
  t.is(bad.arrivals.length, before + 3);
});

test('while one request tries a server, the others go elsewhere', async (t) => {
  const held: ServerResponse[] = [];
  let isUnwell = true;
  const bad = await httpUpstream(t, (req, res) => {
    if (isUnwell) req.socket.resetAndDestroy();
    else held.push(res);
  });
  const good = await moodyUpstream(t, 'good');
  const gateway = await groupGateway(t, { servers: [good.url, bad.url], eject: { failures: 1, pause: '50ms' } });
  for (let i = 0; i < 2; i++) await rawExchange(gateway.port, GET);
  isUnwell = false;
  const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(gateway.port)));
  for (const client of clients) {
    client.send(GET);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await holds('it is tried', () => held.length === 1);
  const answered = () => clients.filter((client) => client.received() !== '').length;
  await holds('all others have their answers', () => answered() === clients.length - 1);
  t.is(held.length, 1);
  for (const client of clients) client.socket.destroy();
});

test('a stream that outlives the pause does not keep its server from being tried', async (t) => {
  let isUnwell = false;
  const streaming = await httpUpstream(t, (req, res) => {
    if (req.url === '/s?stream') res.writeHead(200).flushHeaders();
    else if (isUnwell) req.socket.resetAndDestroy();
    else res.end('by it');
  });
  const other = await moodyUpstream(t, 'other');
  const gateway = await groupGateway(t, { servers: [streaming.url, other.url], eject: { failures: 1, pause: '50ms' } });
  const stream = await rawClient(gateway.port);
  stream.send(requestText('GET /s?stream'));
  await stream.until(/200/);
  isUnwell = true;
  await holds('it is ejected', async () => {
    await rawExchange(gateway.port, GET);
    return gateway.log.some(isEjected);
  });
  isUnwell = false;
  await holds('it answers again', async () => /by it/.test(await rawExchange(gateway.port, GET)));
  stream.socket.destroy();
  t.pass();
});

test('when every server is ejected, requests are still tried, and the first answer brings its server back', async (t) => {
  const servers = await Promise.all([moodyUpstream(t, 'a'), moodyUpstream(t, 'b')]);
  for (const server of servers) server.isUnwell = true;
  const gateway = await groupGateway(t, {
    servers: servers.map(({ url }) => url),
    eject: { failures: 1, pause: '30s' },
  });
  await holds('both are ejected', async () => {
    await rawExchange(gateway.port, POST);
    return gateway.log.filter(isEjected).length === 2;
  });
  for (const server of servers) server.isUnwell = false;
  t.is(statusOf(await rawExchange(gateway.port, POST)), 200);
});

test('what clients do ejects nobody', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => void socket.resume());
  const gateway = await groupGateway(
    t,
    { servers: [upstream.url, upstream.url.replace('127.0.0.1', 'localhost')], eject: { failures: 1 } },
    { timeouts: { idle: '2s' }, route: { maxBody: '1kb' } },
  );
  const [leaving, slow, large] = await Promise.all([1, 2, 3].map(() => rawClient(gateway.port)));
  leaving?.send(requestText('POST /s', ['Content-Length: 10'], 'half'));
  slow?.send(requestText('POST /s', ['Transfer-Encoding: chunked'], '1\r\nx\r\n'));
  large?.send(requestText('POST /s', ['Transfer-Encoding: chunked'], `800\r\n${'x'.repeat(2048)}\r\n`));
  t.is(statusOf((await large?.until(/}\s*$/)) ?? ''), 413);
  leaving?.socket.resetAndDestroy();
  await gateway.logged(({ error }) => error === 'client_closed');
  t.is(statusOf((await slow?.until(/}\s*$/)) ?? ''), 408);
  t.false(gateway.log.some(isEjected));
});

overAll('a server that loses its patience with clients that send nothing is not ejected', async (t, over) => {
  const upstream = await tcpUpstream(t, (socket) => void setTimeout(() => socket.resetAndDestroy(), 50));
  const other = await moodyUpstream(t, 'other');
  const gateway = await groupGateway(
    t,
    { servers: [upstream.url, other.url], eject: { failures: 1 }, retries: { attempts: 0 } },
    { over },
  );
  for (const part of ['', 'half']) {
    for (const status of [502, 200]) {
      const client = await rawClient(gateway.port);
      client.send(requestText('POST /s', ['Content-Length: 10', 'Connection: close'], part));
      if (status === 200) client.send('x'.repeat(10 - part.length));
      t.is(statusOf(await client.until(/\r\n\r\n/)), status);
      client.socket.destroy();
    }
  }
  t.false(gateway.log.some(isEjected));
});

test('an answer is a success, whatever its status and whether or not it is cut', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    res.writeHead(500, { 'Content-Length': 100 });
    res.write('half', () => res.destroy());
  });
  const other = await moodyUpstream(t, 'other');
  const gateway = await groupGateway(t, { servers: [upstream.url, other.url], eject: { failures: 1 } });
  for (let i = 0; i < 6; i++) await rawExchange(gateway.port, GET);
  t.is(upstream.seen.length, 3);
  t.false(gateway.log.some(isEjected));
});

test('WebSocket handshakes that fail count, and are not tried again', async (t) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  for (const server of [good, bad]) server.isUnwell = true;
  const gateway = await groupGateway(t, { servers: [good.url, bad.url], eject: { failures: 2, pause: '30s' } });
  // An upstream without a handler for upgrades answers them as any request.
  for (let i = 0; i < 4; i++) t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', HANDSHAKE))), 502);
  t.is(good.arrivals.length + bad.arrivals.length, 4);
  t.is(gateway.log.filter(isEjected).length, 2);
});
