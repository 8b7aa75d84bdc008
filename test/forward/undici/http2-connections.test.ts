import type { ServerHttp2Stream } from 'node:http2';
import test from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { http2Upstream, OVER_TLS } from '../../support/upstreams/http2-upstream.ts';
import { httpsUpstream } from '../../support/upstreams/https-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];

for (const http2 of [true, false]) {
  test(`with preserveHost, requests for other hosts wait for nobody and share connections (HTTP/${http2 ? 2 : '1.1'})`, async (t) => {
    const hosts: string[] = [];
    let connections = 0;
    let finish = () => {};
    const plain = await httpsUpstream(t, (req, res) => {
      hosts.push(req.headers.host ?? '');
      if (req.url === '/s?long') {
        res.writeHead(200).flushHeaders();
        finish = () => void res.end();
      } else res.end();
    });
    plain.server.on('secureConnection', () => connections++);
    const secure = await http2Upstream(t, 'https', (stream, headers) => {
      hosts.push(headers[':authority'] ?? '');
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/s?long') finish = () => void stream.end();
      else stream.end();
    });
    const { url } = http2 ? secure : plain;
    const gateway = await groupGateway(
      t,
      { servers: [url], http2, tls: OVER_TLS.tls },
      { route: { preserveHost: true } },
    );
    const ask = (target: string, host: string) => requestText(`GET ${target}`, CLOSE).replace('gateway.test', host);
    const long = await rawClient(gateway.port);
    long.send(ask('/s?long', 'a.test'));
    await long.until(/200/);
    for (const host of ['b.test', 'c.test', 'd.test']) {
      t.is(statusOf(await rawExchange(gateway.port, ask('/s', host))), 200);
    }
    finish();
    await long.ended();
    t.deepEqual(hosts, ['a.test', 'b.test', 'c.test', 'd.test']);
    t.is(http2 ? secure.sessions.length : connections, http2 ? 1 : 2);
  });
}

test('an https server that offers HTTP/1.1 alone is spoken to in that, and nobody waits behind a stream', async (t) => {
  const upstream = await httpsUpstream(t, (req, res) => {
    res.writeHead(200).flushHeaders();
    if (req.url !== '/s?long') res.end(req.httpVersion);
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
  const long = await rawClient(gateway.port);
  long.send(requestText('GET /s?long'));
  await long.until(/200/);
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => rawExchange(gateway.port, requestText('GET /s', CLOSE))),
  );
  for (const answer of answers) t.regex(answer, /3\r\n1\.1\r\n0/);
  long.socket.destroy();
});

test('a server of HTTP/2 that takes connections and says nothing keeps nobody longer than `timeouts.connect`', async (t) => {
  const silent = await tcpUpstream(t, (socket) => void socket.resume());
  const url = silent.url.replace('http:', 'https:');
  const gateway = await groupGateway(t, { servers: [url], ...OVER_TLS }, { timeouts: { connect: '300ms' } });
  const taken = stopwatch();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => rawExchange(gateway.port, requestText('GET /s', CLOSE))),
  );
  t.true(answers.every((answer) => statusOf(answer) === 504));
  // One after the other, as they would have to wait for a connection of their own, it would be 20 times as long.
  t.true(taken() < 4_000, `${taken()} ms`);
  t.is((await gateway.logged(({ route }) => route === 's')).fault, 'upstream');
});

test('a server of HTTP/2 that goes away in order ends what is under way, and the next request gets a new connection', async (t) => {
  let long: ServerHttp2Stream | undefined;
  const upstream = await http2Upstream(t, 'https', (stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/s?long') long = stream;
    else stream.end('ok');
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s?long', CLOSE));
  await client.until(/200/);
  upstream.sessions[0]?.close();
  for (const line of ['GET /s', 'POST /s']) {
    t.is(statusOf(await rawExchange(gateway.port, requestText(line, CLOSE))), 200);
  }
  long?.end('whole');
  t.regex(await client.ended(), /5\r\nwhole\r\n0\r\n\r\n$/);
  t.is(upstream.sessions.length, 2);
});

test('a connection of HTTP/2 that is too old gets no more requests, and what is under way on it is not cut', async (t) => {
  let long: ServerHttp2Stream | undefined;
  const upstream = await http2Upstream(t, 'http', (stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/s?long') long = stream;
    else stream.end('ok');
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], http2: true, connectionAge: '100ms' });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s?long', CLOSE));
  await client.until(/200/);
  await holds('there is a new connection', async () => {
    await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    return upstream.sessions.length > 1;
  });
  t.false(upstream.sessions[0]?.closed);
  long?.end('whole');
  t.regex(await client.ended(), /5\r\nwhole\r\n0\r\n\r\n$/);
  await holds('the old connection ends', () => upstream.sessions[0]?.destroyed === true);
});

test('health checks are made over HTTP/2 where the requests are', async (t) => {
  let isWell = true;
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.respond({ ':status': isWell ? 200 : 503 });
    stream.end();
  });
  const gateway = await groupGateway(t, {
    servers: [upstream.url],
    http2: true,
    health: { path: '/health', interval: '30ms' },
  });
  await holds('checks are made', () => upstream.seen.length > 3);
  isWell = false;
  t.is((await gateway.logged(({ msg }) => msg === 'upstream fails its health checks')).upstream, upstream.url);
  t.is(upstream.sessions.length, 1);
});
