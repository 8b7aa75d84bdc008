import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { requestText } from '../support/gateways/forwarding.ts';
import { groupGateway } from '../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { moodyUpstream } from '../support/upstreams/moody-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];
const GET = requestText('GET /s', CLOSE);
const POST = requestText('POST /s', ['Content-Length: 5', ...CLOSE], 'hello');
/** Nobody is ejected, so that retries alone are seen. */
const NO_EJECTION = { eject: { failures: 1_000 } };

/** A server that counts what arrives and does with it what the test says. */
async function counting(t: ExecutionContext, onRequest: (socket: Socket) => void) {
  const state = { count: 0 };
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', (data: Buffer) => {
      if (!/^[A-Z]+ \S+ HTTP/.test(data.toString('latin1'))) return;
      state.count += 1;
      onRequest(socket);
    });
  });
  return Object.assign(state, { url: upstream.url });
}

/** The address of nobody. */
const REFUSING = 'http://127.0.0.1:1';

for (const [method, request] of Object.entries({ GET, POST })) {
  test(`${method}: what a server refused to connect to goes to another one, and arrives there once`, async (t) => {
    const bodies: string[] = [];
    const good = await httpUpstream(t, async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      bodies.push(body);
      res.end('ok');
    });
    const gateway = await groupGateway(t, { servers: [REFUSING, good.url], ...NO_EJECTION });
    for (let i = 0; i < 10; i++) t.is(statusOf(await rawExchange(gateway.port, request)), 200);
    t.deepEqual(bodies, Array(10).fill(method === 'GET' ? '' : 'hello'));
    const lines = gateway.log.filter(({ route }) => route === 's');
    t.is(lines.length, 10);
    t.true(lines.every(({ upstream, fault }) => upstream === good.url && fault === undefined));
  });
}

test('a POST that was begun arrives at one server of the group, once, whatever becomes of it', async (t) => {
  const cut = (socket: Socket) => void socket.resetAndDestroy();
  const servers = [await counting(t, cut), await counting(t, cut), await counting(t, (socket) => void socket.end())];
  const gateway = await groupGateway(t, { servers: servers.map(({ url }) => url), ...NO_EJECTION });
  for (let i = 1; i <= 9; i++) {
    t.is(statusOf(await rawExchange(gateway.port, i % 2 ? POST : requestText('POST /s', CLOSE))), 502);
    t.is(
      servers.reduce((sum, { count }) => sum + count, 0),
      i,
    );
  }
});

test('a GET that one server cut is answered by another one', async (t) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  bad.isUnwell = true;
  const gateway = await groupGateway(t, { servers: [bad.url, good.url], ...NO_EJECTION });
  for (let i = 0; i < 6; i++) t.regex(await rawExchange(gateway.port, GET), /by good/);
  t.true(bad.arrivals.length >= 3);
});

for (const [what, answer] of [
  ['the beginning of a head', 'HTTP/1.1 200 OK\r\nContent-'],
  ['an interim answer', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['a 100 that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['a change of protocol that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
] as const) {
  test(`a GET is not tried again once ${what} has come`, async (t) => {
    const servers = [
      await counting(t, (socket) => socket.end(answer)),
      await counting(t, (socket) => socket.end(answer)),
    ];
    const gateway = await groupGateway(t, { servers: servers.map(({ url }) => url) });
    t.is(statusOf(await rawExchange(gateway.port, GET)), 502);
    t.is((servers[0]?.count ?? 0) + (servers[1]?.count ?? 0), 1);
  });
}

test('a GET that was not answered in time is not tried again', async (t) => {
  const servers = [await counting(t, () => {}), await counting(t, () => {})];
  const gateway = await groupGateway(t, { servers: servers.map(({ url }) => url) }, { timeouts: { firstByte: '1s' } });
  t.is(statusOf(await rawExchange(gateway.port, GET)), 504);
  t.is((servers[0]?.count ?? 0) + (servers[1]?.count ?? 0), 1);
});

test('an answer is final, whatever its status', async (t) => {
  const bad = await httpUpstream(t, (_req, res) => void res.writeHead(503).end('busy'));
  const good = await httpUpstream(t);
  const gateway = await groupGateway(t, { servers: [bad.url, good.url] });
  t.is(statusOf(await rawExchange(gateway.port, GET)), 503);
  t.is(good.seen.length, 0);
});

test('a PUT whose body has not begun to come moves to another connection when the upstream closes its own', async (t) => {
  let connections = 0;
  let arrived = '';
  const upstream = await tcpUpstream(t, (socket) => {
    connections += 1;
    // As a server that has waited long enough for a request on a connection.
    if (connections <= 2) setTimeout(() => socket.end(), 50);
    socket.on('data', (data: Buffer) => {
      arrived += data.toString('latin1');
      if (arrived.endsWith('hello')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], eject: { failures: 1 } });
  const client = await rawClient(gateway.port);
  client.send(requestText('PUT /s', ['Content-Length: 5', ...CLOSE]));
  await holds('two connections are closed', () => connections === 3);
  client.send('he');
  await holds('the beginning has arrived', () => arrived.endsWith('he'));
  client.send('llo');
  t.is(statusOf(await client.ended()), 200);
  t.is(arrived.match(/PUT \/s/g)?.length, 3);
  t.false(gateway.log.some(({ msg }) => msg === 'upstream is ejected'));
});

test('there are as many further attempts as the group allows', async (t) => {
  const servers = await Promise.all([1, 2, 3, 4].map(() => counting(t, (socket) => void socket.resetAndDestroy())));
  const count = () => servers.reduce((sum, server) => sum + server.count, 0);
  for (const attempts of [0, 1, 3]) {
    const before = count();
    const gateway = await groupGateway(t, { servers: servers.map(({ url }) => url), retries: { attempts } });
    t.is(statusOf(await rawExchange(gateway.port, GET)), 502);
    t.is(count() - before, 1 + attempts);
    t.true(
      servers.every((server) => server.count <= 3),
      'each attempt goes to another server',
    );
  }
});

test('a retry that the budget does not pay for takes no turn from those who get requests', async (t) => {
  const bad = await counting(t, (socket) => void socket.resetAndDestroy());
  const good = await httpUpstream(t);
  const gateway = await groupGateway(t, {
    servers: [bad.url, good.url],
    retries: { attempts: 2, budget: 0 },
    ...NO_EJECTION,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) statuses.push(statusOf(await rawExchange(gateway.port, GET)));
  t.deepEqual(statuses, [502, 200, 502, 200, 502, 200, 502, 200]);
});

test('in an outage, retries add no more than their budget to the requests', async (t) => {
  const servers = await Promise.all([1, 2].map(() => counting(t, (socket) => void socket.resetAndDestroy())));
  const gateway = await groupGateway(t, {
    servers: servers.map(({ url }) => url),
    retries: { attempts: 5, budget: 10 },
    ...NO_EJECTION,
  });
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 20 }, () => rawExchange(gateway.port, GET)));
  const arrived = (servers[0]?.count ?? 0) + (servers[1]?.count ?? 0);
  t.true(arrived > 200, 'some were tried again');
  // Ten that were saved up, and a tenth of 200.
  t.true(arrived <= 200 + 10 + 20, `${arrived} arrived`);
});

test('with a budget of nothing, nothing is tried again', async (t) => {
  const [good, bad] = await Promise.all([moodyUpstream(t, 'good'), moodyUpstream(t, 'bad')]);
  bad.isUnwell = true;
  const gateway = await groupGateway(t, { servers: [bad.url, good.url], retries: { budget: 0 }, ...NO_EJECTION });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push(statusOf(await rawExchange(gateway.port, GET)));
  t.deepEqual(statuses, [502, 200, 502, 200, 502, 200]);
});

test('a client that waits for 100 Continue hears it once, from whichever server takes its body', async (t) => {
  const good = await httpUpstream(t, (req, res) => void req.pipe(res));
  const gateway = await groupGateway(t, { servers: [REFUSING, good.url] });
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Content-Length: 5', 'Expect: 100-continue', ...CLOSE]));
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  client.send('hello');
  const answer = await client.ended();
  t.is(answer.match(/HTTP\/1\.1 100/g)?.length, 1);
  t.regex(answer, /HTTP\/1\.1 200 OK[\s\S]+hello/);
});

test('servers that close their idle connections at every moment cause no 502 for what may be tried again', async (t) => {
  let connections = 0;
  const upstream = await tcpUpstream(t, (socket) => {
    connections += 1;
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      // Before, while and after the gateway sends the next request.
      setTimeout(() => (connections % 2 ? socket.end() : socket.resetAndDestroy()), connections % 5);
    });
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], retries: { budget: 100 } });
  for (let i = 1; i <= 200; i++) {
    t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
    await new Promise((resolve) => setTimeout(resolve, i % 4));
  }
  t.true(connections > 20, `${connections} connections`);
});
