import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { forwardingGateway, PATIENT, parts, requestText, type Transport } from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import { http2Upstream } from '../../support/upstreams/http2-upstream.ts';

const CLOSE = ['Connection: close'];

/** More than Node reads by default, in less than the 16 KiB that a head may have. */
const MANY = 1_600;

function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `f${i}: ${i % 10}`);
}

async function answeringWith(t: ExecutionContext, head: readonly string[], body: string) {
  return tcpUpstream(t, (socket) => {
    socket.once('data', () => void socket.write(`${head.join('\r\n')}\r\n\r\n${body}`));
  });
}

async function gatewayTo(
  t: ExecutionContext,
  over: Transport | 'HTTP/2',
  fields: readonly string[],
): Promise<TestGateway> {
  if (over !== 'HTTP/2') {
    const head = ['HTTP/1.1 200 OK', ...fields, 'Set-Cookie: last=1', 'Content-Length: 2'];
    return forwardingGateway(t, await answeringWith(t, head, 'ok'), {}, over);
  }
  const upstream = await http2Upstream(t, 'http', (stream) => {
    const pairs = fields.map((field) => field.split(': ') as [string, string]);
    stream.respond({ ':status': 200, ...Object.fromEntries(pairs), 'set-cookie': 'last=1', 'content-length': '2' });
    stream.end('ok');
  });
  return testGateway(t, {
    upstreams: { two: { servers: [upstream.url], http2: true } },
    routes: [{ name: 's', path: '/s', upstream: 'two', auth: 'none' }],
    timeouts: PATIENT,
  });
}

for (const over of ['undici', 'http-proxy-middleware', 'HTTP/2'] as const) {
  for (const count of [998, 1_000, 1_001, MANY]) {
    test(`an answer with ${count} fields arrives with all of them (${over})`, async (t) => {
      const gateway = await gatewayTo(t, over, many(count));
      const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
      t.is(statusOf(answer), 200);
      const { lines, body } = parts(answer);
      const passed = lines.map((line) => line.toLowerCase());
      t.is(passed.filter((line) => /^f\d+: \d$/.test(line)).length, count);
      t.true(passed.includes('set-cookie: last=1'));
      t.true(passed.includes('content-length: 2'));
      t.is(body, 'ok');
    });
  }

  test(`an answer whose head is too long is a 502 that says why (${over})`, async (t) => {
    const gateway = await gatewayTo(t, over, many(12_000));
    const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    t.is(statusOf(answer), 502);
    const line = await gateway.logged(({ route }) => route === 's');
    t.is(line.fault, 'upstream');
    t.regex(String(line.detail), /longer than 16384 bytes|NGHTTP2_.*ERR_HTTP2_STREAM_ERROR/);
  });
}

for (const status of ['101 Switching Protocols', '403 Forbidden']) {
  test(`the answer ${status} to a WebSocket handshake arrives with all of its fields`, async (t) => {
    const upgrade = status.startsWith('101')
      ? ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']
      : ['Content-Length: 0'];
    const head = [`HTTP/1.1 ${status}`, ...many(MANY), ...upgrade];
    const gateway = await forwardingGateway(t, await answeringWith(t, head, ''));
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s', HANDSHAKE));
    const answer = await client.until(/\r\n\r\n/);
    t.is(parts(answer).lines[0], `HTTP/1.1 ${status}`);
    t.is(parts(answer).lines.filter((line) => /^f\d+: \d$/.test(line)).length, MANY);
    client.socket.destroy();
  });
}

for (const over of ['undici', 'http-proxy-middleware'] as const) {
  test(`a request with ${MANY} fields reaches the upstream with all of them (${over})`, async (t) => {
    let head = '';
    const upstream = await tcpUpstream(t, (socket) => {
      socket.on('data', (data: Buffer) => {
        head += data.toString('latin1');
        if (head.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const gateway = await forwardingGateway(t, upstream, {}, over);
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', [...many(MANY), ...CLOSE]))), 200);
    t.is(parts(head).lines.filter((line) => /^f\d+: \d$/.test(line)).length, MANY);
  });
}

test('trailers are as many as came', async (t) => {
  for (const over of ['undici', 'http-proxy-middleware'] as const) {
    const body = `2\r\nok\r\n0\r\n${many(MANY).join('\r\n')}\r\n\r\n`;
    const upstream = await answeringWith(t, ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], body);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    t.is(parts(answer).body.match(/f\d+: \d\r\n/g)?.length, MANY, over);
  }
});
