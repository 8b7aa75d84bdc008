import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { ADA, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { listenOver, routeOver } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, message } from './message.ts';

async function place(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  return { gateway, upstream };
}

const SMUGGLED = message(['DELETE /api/v1/o/smuggled HTTP/1.1', 'Host: a', 'Connection: close', authorization(ADA)]);

test('what follows a request that was refused for its framing is never executed', async (t) => {
  const { gateway, upstream } = await place(t);
  const heads: [number, string[]][] = [
    [400, ['Transfer-Encoding: chunked', 'Content-Length: 5', authorization(ADA)]],
    [400, ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', authorization(ADA)]],
    [400, ['Transfer-Encoding: chunked', 'Host: b', authorization(ADA)]],
    [400, ['Transfer-Encoding: xchunked', authorization(ADA)]],
    [417, ['Transfer-Encoding: chunked', 'Expect: 200-ok', authorization(ADA)]],
  ];
  for (const [status, head] of heads) {
    for (const body of ['0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n']) {
      const answer = await rawExchange(
        gateway.port,
        message(['POST /api/v1/o HTTP/1.1', 'Host: a', ...head], body) + SMUGGLED,
      );
      t.is(statusOf(answer), status, head.join('; '));
      t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1, head.join('; '));
    }
  }
  t.deepEqual(upstream.seen, []);
});

test('nor is it when that request has arrived in full behind another one', async (t) => {
  const { gateway, upstream } = await place(t);
  const chunks = '5\r\nhello\r\n0\r\n\r\n';
  const firsts = [
    message(['GET /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA)]),
    // Read by the parser that reads the refused one too, to its end, before this one is answered.
    message(['PUT /api/v1/o HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', authorization(ADA)], chunks),
  ];
  const heads: [number, string, string[], string][] = [
    [400, '1.1', ['Host: a', 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], chunks],
    [400, '1.1', ['Host: a', 'Transfer-Encoding: gzip, chunked'], chunks],
    [400, '1.1', ['Host: a', 'Content-Length: 010'], '0123456789'],
    [400, '1.0', ['Host: a', 'Connection: keep-alive', 'Transfer-Encoding: chunked'], chunks],
    [400, '1.1', ['Host: a', 'Host: a', 'Transfer-Encoding: gzip, chunked'], chunks],
    [400, '1.1', ['Transfer-Encoding: gzip, chunked'], chunks],
    [400, '1.1', ['Host: a b', 'Transfer-Encoding: gzip, chunked'], chunks],
    [400, '1.0', ['Host: a b', 'Connection: keep-alive', 'Transfer-Encoding: chunked'], chunks],
    [505, '2.0', ['Host: a', 'Connection: keep-alive'], ''],
    [505, '2.0', ['Host: a', 'Connection: keep-alive', 'Host: b'], ''],
    [505, '2.0', ['Host: a', 'Connection: keep-alive', 'Content-Length: 5'], 'hello'],
  ];
  for (const [status, version, head, body] of heads) {
    const refused = message([`POST /api/v1/o HTTP/${version}`, authorization(ADA), ...head], body);
    for (const first of firsts) {
      const answer = await rawExchange(gateway.port, first + refused + SMUGGLED);
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, each]) => Number(each));
      t.deepEqual(statuses, [200, status], head.join('; '));
      t.regex(answer, /Connection: close\r\n(?:[^\r]+\r\n)*\r\n\{"error".*$/, head.join('; '));
    }
  }
  t.deepEqual(new Set(upstream.seen.map(({ method }) => method)), new Set(['GET', 'PUT']));
});

test('what arrives after an answer that said the connection closes is never executed', async (t) => {
  const { gateway, upstream } = await place(t);
  const client = await rawClient(gateway.port);
  client.send(message(['POST /api/v1/o HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], '5\r\nhel'));
  await client.until(/\r\n\r\n\{.*\}/);
  client.send(`lo\r\n0\r\n\r\n${SMUGGLED}`);
  client.socket.end();
  t.is((await client.ended()).match(/HTTP\/1\.1 /g)?.length, 1);
  await once(client.socket, 'close');
  t.is(statusOf(await rawExchange(gateway.port, message(['GET /api/v1/o HTTP/1.0', authorization(ADA)]))), 200);
  t.deepEqual(
    upstream.seen.map(({ url }) => url),
    ['/api/v1/o'],
  );
  const { status, detail } = await gateway.logged(({ path }) => path === '/api/v1/o/smuggled');
  t.deepEqual([status, detail], [499, 'the connection ended before this pipelined request started']);
});

test('garbage behind a whole request is refused after that has its own answer, whether it was forwarded or not', async (t) => {
  const { gateway, upstream } = await place(t);
  const refused: [number, string[]][] = [
    [200, ['GET /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA)]],
    [401, ['GET /api/v1/o HTTP/1.1', 'Host: a']],
    [400, ['GET /api/v1/o/../x HTTP/1.1', 'Host: a', authorization(ADA)]],
    [404, ['GET /nowhere HTTP/1.1', 'Host: a']],
  ];
  for (const [status, lines] of refused) {
    const answer = await rawExchange(gateway.port, `${message(lines)}\x00\x01garbage\r\n\r\n`);
    t.deepEqual(
      [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, each]) => Number(each)),
      [status, 400],
      lines[0],
    );
    t.regex(answer, /Connection: close\r\n\r\n\{"error":"bad_request"[\s\S]*$/, lines[0]);
  }
  t.is(upstream.seen.length, 1);
  t.is(gateway.log.filter(({ status, error }) => status === 400 && error === 'bad_request').length, refused.length + 1);
});

test('requests in a row on one connection are answered in their order, each for itself', async (t) => {
  const { gateway, upstream } = await place(t);
  const line = (path: string) => [`GET ${path} HTTP/1.1`, 'Host: a'];
  const answer = await rawExchange(
    gateway.port,
    message([...line('/api/v1/o/1'), authorization(ADA)]) +
      message(line('/api/v1/o/2')) +
      message([...line('/api/v1/o/3'), authorization(ADA), 'Connection: close']),
  );
  t.deepEqual(
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '401', '200'],
  );
  t.deepEqual(
    upstream.seen.map(({ url, method }) => `${method} ${url}`),
    ['GET /api/v1/o/1', 'GET /api/v1/o/3'],
  );
});

for (const transport of ['direct', 'undici', 'http-proxy-middleware'] as const) {
  test.serial(`a connection that pipelines for long collects no listeners (${transport})`, async (t) => {
    const upstream = await httpUpstream(t);
    const gateway = await testGateway(t, {
      listen: listenOver(transport),
      routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(transport) }],
    });
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    t.teardown(() => process.off('warning', warn));
    const client = await rawClient(gateway.port);
    const request = message(['GET /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA)]);
    for (let answers = 2; answers <= 24; answers += 2) {
      client.send(request + request);
      await holds('two more answers', () => client.received().split('HTTP/1.1 200 OK').length > answers);
    }
    client.socket.destroy();
    t.deepEqual(
      warnings.map(({ message: text }) => text),
      [],
    );
  });
}

test('nonsense behind a whole request is refused after that request got its own answer', async (t) => {
  const { gateway } = await place(t);
  const answer = await rawExchange(
    gateway.port,
    `${message(['GET /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA)])}nonsense\r\n\r\n`,
  );
  t.deepEqual(
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '400'],
  );
});

for (const [name, second, status] of [
  [
    'a handshake',
    message(['GET /api/v1/o/ws HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', authorization(ADA)]),
    '200',
  ],
  ['CONNECT', message(['CONNECT a:80 HTTP/1.1', 'Host: a']), '405'],
] as const) {
  test(`${name} behind a request still unanswered does not take that request's answer`, async (t) => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<ServerResponse>();
    const upstream = await httpUpstream(t, (req, res) => {
      if (req.url === '/api/v1/o/slow') arrive(res);
      else res.end('refused to upgrade');
    });
    const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
    const client = await rawClient(gateway.port);
    client.send(message(['GET /api/v1/o/slow HTTP/1.1', 'Host: a', authorization(ADA)]) + second);
    const first = await arrived;
    t.is(client.received(), '');
    first.end('slow answer');
    const answer = await client.ended();
    t.deepEqual(
      [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, given]) => given),
      ['200', status],
    );
    t.true(answer.indexOf('slow answer') < answer.lastIndexOf('HTTP/1.1'));
    client.socket.destroy();
  });
}
