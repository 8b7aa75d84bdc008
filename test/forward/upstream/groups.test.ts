import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { listenOver, overAll, PATIENT, requestText, routeOver } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';

const CLOSE = ['Connection: close'];

/** Servers that answer with their names, in upper case from A. */
async function named(t: ExecutionContext, count: number) {
  const names = Array.from({ length: count }, (_, i) => String.fromCharCode(65 + i));
  return await Promise.all(
    names.map((name) => httpUpstream(t, (req, res) => void req.resume().on('end', () => res.end(`by ${name}`)))),
  );
}

/** Who answers so many requests, one after the other. */
async function turns(port: number, count: number, target = '/s'): Promise<string> {
  let who = '';
  for (let i = 0; i < count; i++) {
    who += /by ([A-Z])/.exec(await rawExchange(port, requestText(`GET ${target}`, CLOSE)))?.[1] ?? '-';
  }
  return who;
}

overAll('the servers of a list take turns', async (t, over) => {
  const servers = await named(t, 3);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 's', path: '/s', upstream: servers.map(({ url }) => url), auth: 'none', ...routeOver(over) }],
  });
  t.is(await turns(gateway.port, 9), 'ABCABCABC');
});

test('a server of a higher weight gets more turns, spread between those of the others', async (t) => {
  const [a, b, c] = (await named(t, 3)).map(({ url }) => url);
  const gateway = await groupGateway(t, { servers: [{ url: a, weight: 4 }, { url: b, weight: 2 }, c] });
  const who = await turns(gateway.port, 14);
  t.is([...who].sort().join(''), 'AAAAAAAABBBBCC');
  t.notRegex(who, /AAA|BB|CC/);
});

test('of servers with the fewest unanswered requests each takes turns, and one that is busy gets none', async (t) => {
  const held: ServerResponse[] = [];
  const busy = await httpUpstream(t, (_req, res) => void held.push(res));
  const [a, b] = await named(t, 2);
  const gateway = await groupGateway(t, {
    servers: [busy.url, a?.url, b?.url],
    balance: 'least-outstanding',
  });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await holds('one request is held', () => held.length === 1);
  t.is(await turns(gateway.port, 6), 'ABABAB');
  held[0]?.end('by C');
  await client.until(/by C/);
  const clients = await Promise.all([1, 2, 3].map(() => rawClient(gateway.port)));
  for (const each of clients) each.send(requestText('GET /s'));
  await holds('it has its turn again', () => held.length === 2);
  for (const each of [client, ...clients]) each.socket.destroy();
});

test('with the fewest unanswered requests, a server of twice the weight may have twice as many', async (t) => {
  const servers = await Promise.all([0, 1].map(() => httpUpstream(t, () => {})));
  const counts = () => servers.map(({ seen }) => seen.length);
  const gateway = await groupGateway(t, {
    servers: [{ url: servers[0]?.url, weight: 2 }, servers[1]?.url],
    balance: 'least-outstanding',
  });
  const clients = await Promise.all(Array.from({ length: 9 }, () => rawClient(gateway.port)));
  for (const client of clients) client.send(requestText('GET /s'));
  await holds('all have come', () => counts().join() === '6,3');
  t.deepEqual(counts(), [6, 3]);
  for (const client of clients) client.socket.destroy();
});

test('requests whose client has left are not counted as unanswered for ever', async (t) => {
  const servers = await Promise.all([0, 1].map(() => httpUpstream(t, () => {})));
  const counts = () => servers.map(({ seen }) => seen.length);
  const gateway = await groupGateway(t, { servers: servers.map(({ url }) => url), balance: 'least-outstanding' });
  const lines = () => gateway.log.filter(({ route }) => route === 's').length;
  for (let i = 1; i <= 10; i++) {
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['Content-Length: 10'], 'half'));
    await holds('the request has come', () => counts().reduce((sum, count) => sum + count) === i);
    client.socket.resetAndDestroy();
    await holds('it is over', () => lines() === i);
  }
  t.deepEqual(counts(), [5, 5]);
});

test('routes that name the same group share its turns and its connections', async (t) => {
  const servers = await named(t, 2);
  const gateway = await testGateway(t, {
    upstreams: { g: { servers: servers.map(({ url }) => url) } },
    routes: ['s', 'r'].map((name) => ({ name, path: `/${name}`, upstream: 'g', auth: 'none' })),
  });
  t.is((await turns(gateway.port, 1, '/s')) + (await turns(gateway.port, 1, '/r')), 'AB');
  t.is((await turns(gateway.port, 1, '/r')) + (await turns(gateway.port, 1, '/s')), 'AB');
});

test('each server of a group has the path of its own URL before that of the request', async (t) => {
  const [a, b] = await named(t, 2);
  const gateway = await groupGateway(t, { servers: [`${a?.url}/v1/`, `${b?.url}/v2`] });
  t.is(await turns(gateway.port, 2, '/s/7?q'), 'AB');
  t.is(a?.seen[0]?.url, '/v1/s/7?q');
  t.is(b?.seen[0]?.url, '/v2/s/7?q');
});

test('WebSocket handshakes take turns as well', async (t) => {
  const servers = await Promise.all(
    [403, 404].map((status) => httpUpstream(t, (_req, res) => void res.writeHead(status).end())),
  );
  const gateway = await groupGateway(t, { servers: servers.map(({ url }) => url) });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++)
    statuses.push(statusOf(await rawExchange(gateway.port, requestText('GET /s', HANDSHAKE))));
  t.deepEqual(statuses, [403, 404, 403, 404]);
});

overAll('a server behind a Unix socket gets requests and handshakes', async (t, over) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-socket-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'app.sock');
  const hosts: (string | undefined)[] = [];
  const server = createServer((req, res) => {
    hosts.push(req.headers.host);
    res.end(`for ${req.url}`);
  });
  server.on('upgrade', (_req, socket) =>
    socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
  );
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const gateway = await groupGateway(t, { servers: [`unix:${path}`] }, { over, timeouts: PATIENT });
  const answer = await rawExchange(gateway.port, requestText('POST /s', ['Content-Length: 2', ...CLOSE], 'hi'));
  t.regex(answer, /for \/s/);
  t.deepEqual(hosts, ['localhost']);
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', HANDSHAKE))), 403);
  t.is((await gateway.logged(({ route }) => route === 's')).upstream, `unix:${path}`);
});
