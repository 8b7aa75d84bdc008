import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { PATIENT, parts, requestText, valuesOf } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const OPENING = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='];

/** A gateway with an open route to a server that answers each handshake with these bytes, and ends a second later. */
async function answering(
  t: ExecutionContext,
  lines: readonly string[],
  after = '',
): Promise<{ gateway: TestGateway; isLetGo: () => boolean }> {
  let isLetGo = false;
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('close', () => {
      isLetGo = true;
    });
    socket.once('data', () => socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${after}`, 'latin1')));
  });
  const routes = [{ name: 'ws', path: '/ws', upstream: upstream.url, auth: 'none' }];
  return { gateway: await testGateway(t, { routes, timeouts: PATIENT }), isLetGo: () => isLetGo };
}

async function opened(gateway: TestGateway): Promise<string> {
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /ws', HANDSHAKE));
  const answer = await client.until(/\r\n\r\n/);
  client.socket.destroy();
  return answer;
}

const refused = (gateway: TestGateway) => rawExchange(gateway.port, requestText('GET /ws', HANDSHAKE));

test('the 101 of a handshake passes the filter of every answer, and keeps its lines and its octets', async (t) => {
  const { gateway } = await answering(t, [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: WebSocket',
    'Connection: Upgrade, X-Hop',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'Sec-WebSocket-Protocol: chat',
    'X-Hop: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authenticate: Basic',
    'Proxy-Authentication-Info: x',
    'TE: trailers',
    'Trailer: X-End',
    'HTTP2-Settings: x',
    'X-Latin: caf\xe9 \xc3\xa9',
    'Set-Cookie: a=1',
    'Set-Cookie: gatehouse_session=forged',
    'Set-Cookie: b=2',
  ]);
  const answer = await opened(gateway);
  t.is(statusOf(answer), 101);
  t.deepEqual(valuesOf(answer, 'connection'), ['Upgrade']);
  t.deepEqual(valuesOf(answer, 'upgrade'), ['websocket']);
  const names = parts(answer)
    .lines.slice(1)
    .map((line) => line.slice(0, line.indexOf(':')));
  const expected = ['Upgrade', 'Connection', 'Sec-WebSocket-Accept', 'Sec-WebSocket-Protocol', 'X-Latin'];
  t.deepEqual(names, [...expected, 'Set-Cookie', 'Set-Cookie', 'X-Request-Id']);
  t.deepEqual(valuesOf(answer, 'x-latin'), ['caf\xe9 \xc3\xa9']);
  t.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1', 'b=2']);
});

for (const [title, fields] of [
  ['to another protocol', ['Upgrade: h2c', ...OPENING.slice(1)]],
  ['to several protocols', ['Upgrade: websocket, h2c', ...OPENING.slice(1)]],
  ['with two Upgrade lines', ['Upgrade: h2c', ...OPENING]],
  ['without Sec-WebSocket-Accept', OPENING.slice(0, 2)],
  ['with an empty Sec-WebSocket-Accept', [...OPENING.slice(0, 2), 'Sec-WebSocket-Accept:']],
  ['with two of them', [...OPENING, 'Sec-WebSocket-Accept: x']],
  ['whose Connection takes it away', [...OPENING, 'Connection: Sec-WebSocket-Accept']],
  ['with a length', [...OPENING, 'Content-Length: 5']],
  ['with the length 0', [...OPENING, 'Content-Length: 0']],
  ['in chunks', [...OPENING, 'Transfer-Encoding: chunked']],
  ['in another coding', [...OPENING, 'Transfer-Encoding: identity']],
] as const) {
  test(`a 101 ${title} opens no tunnel: it is a 502, and nothing of it reaches the client`, async (t) => {
    const after = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret';
    const lines = ['HTTP/1.1 101 Switching Protocols', ...fields, 'X-Secret: secret'];
    const { gateway, isLetGo } = await answering(t, lines, after);
    const answer = await refused(gateway);
    t.is(statusOf(answer), 502);
    t.is(JSON.parse(parts(answer).body).error, 'bad_gateway');
    t.notRegex(answer, /secret/i);
    const line = await gateway.logged(({ route }) => route === 'ws');
    t.is(line.fault, 'upstream');
    t.regex(String(line.detail), /101/);
    await holds('the upstream is let go', isLetGo);
  });
}

test('a refused handshake passes the filter of every answer, and two challenges stay two lines', async (t) => {
  const { gateway } = await answering(
    t,
    [
      'HTTP/1.1 401 No',
      'WWW-Authenticate: Basic realm="a, b"',
      'www-authenticate: Bearer realm="c"',
      'Connection: close, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: Basic',
      'TE: trailers',
      'Trailer: X-End',
      'Upgrade: h2c',
      'X-Latin: \xe9',
      'Set-Cookie: a=1',
      'Set-Cookie: __Host-gatehouse_session=forged',
      'Content-Length: 2',
    ],
    'no',
  );
  const answer = await refused(gateway);
  t.is(parts(answer).lines[0], 'HTTP/1.1 401 No');
  t.is(parts(answer).body, 'no');
  t.deepEqual(valuesOf(answer, 'www-authenticate'), ['Basic realm="a, b"', 'Bearer realm="c"']);
  t.deepEqual(valuesOf(answer, 'connection'), ['close']);
  t.deepEqual(valuesOf(answer, 'content-length'), ['2']);
  t.deepEqual(valuesOf(answer, 'x-latin'), ['\xe9']);
  t.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1']);
  for (const name of ['x-hop', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'upgrade', 'transfer-encoding']) {
    t.deepEqual(valuesOf(answer, name), [], name);
  }
});

test('a refusal of a handshake keeps the octets of its reason, without those that no reason may have', async (t) => {
  const { gateway } = await answering(t, ['HTTP/1.1 403 N\xf6\0\x01 way', 'Content-Length: 2'], 'no');
  t.is(parts(await refused(gateway)).lines[0], 'HTTP/1.1 403 N\xf6?? way');
});

for (const [title, head] of [
  ['the status 600', 'HTTP/1.1 600 Odd\r\nContent-Length: 6'],
  ['the status 999', 'HTTP/1.1 999 Odd\r\nContent-Length: 6'],
  ['the status 099', 'HTTP/1.1 099 Odd\r\nContent-Length: 6'],
  ['a body in a coding that is not undone', 'HTTP/1.1 403 No\r\nTransfer-Encoding: gzip, chunked'],
] as const) {
  test(`a refusal of a handshake with ${title} is a 502 that blames the upstream`, async (t) => {
    const { gateway, isLetGo } = await answering(t, [head], 'secret');
    const answer = await refused(gateway);
    t.is(statusOf(answer), 502);
    t.notRegex(answer, /secret/);
    t.is((await gateway.logged(({ route }) => route === 'ws')).fault, 'upstream');
    await holds('the upstream is let go', isLetGo);
  });
}
