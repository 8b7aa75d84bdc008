import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { fileScope, type Scope } from '../../lab/scope.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { closable } from '../../support/gateways/closable.ts';
import { listenOver, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { binaryHeader, binaryIPv4, binaryIPv6, textHeader, tlv } from '../../support/http/proxy-headers.ts';
import { rawClient, statusOf } from '../../support/http/raw.ts';
import { webSocketUpstream } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { SERVER } from '../../support/stores/certificates.ts';
import { entry } from '../../support/tls/tls-visit.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLIENT = '203.0.113.7';
const PROXY = '127.0.0.1';
const CLOSE = 'Connection: close';
const NOWHERE = { url: 'http://127.0.0.1:1' };
/** Milliseconds. */
const HEADER_LIMIT = 200;

/** A gateway whose peers send PROXY headers. It tells in a field what the upstream got as `X-Forwarded-For`. */
async function place(t: Scope, more: Record<string, unknown> = {}, listen: object = {}) {
  const upstream = await httpUpstream(t, (req, res) => {
    req.resume();
    res.setHeader('X-Got', String(req.headers['x-forwarded-for']));
    res.end();
  });
  const open = { upstream: upstream.url, auth: 'none' };
  const gateway = await testGateway(t, {
    listen: { proxyProtocol: true, ...listen },
    trustedProxies: [PROXY],
    limits: { hourly: { requests: 1, per: '1h', by: 'address' } },
    routes: [
      { name: 's', path: '/s', ...open },
      { name: 'near', path: '/near', ...open, allowFrom: ['203.0.113.0/24'] },
      { name: 'seldom', path: '/seldom', ...open, limits: ['hourly'] },
    ],
    ...more,
  });
  /** Sends the pieces one after another, each in a packet of its own. @returns the answer */
  const ask = async (...pieces: readonly (Buffer | string)[]) => {
    const client = await rawClient(gateway.port);
    client.socket.setNoDelay();
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((sent) => setImmediate(sent));
    }
    const answer = await client.ended();
    client.socket.destroy();
    return answer;
  };
  return { gateway, ask };
}

const scope = fileScope();
const shared = {
  direct: place(scope, {}, listenOver('direct')),
  undici: place(scope, {}, listenOver('undici')),
};

const plain = requestText('GET /s', [CLOSE]);
const HEADERS = {
  'version 1': textHeader(CLIENT),
  'version 2': binaryIPv4(CLIENT, tlv(4, Buffer.alloc(60))),
};

for (const [transport, started] of Object.entries(shared)) {
  for (const [version, header] of Object.entries(HEADERS)) {
    test(`a header of ${version} may be split anywhere, and be in one packet with the request (${transport})`, async (t) => {
      const { ask } = await started;
      const bytes = Buffer.concat([header, Buffer.from(plain)]);
      t.deepEqual(valuesOf(await ask(bytes), 'x-got'), [CLIENT]);
      for (let at = 1; at < header.length + 4; at += 1) {
        t.deepEqual(valuesOf(await ask(bytes.subarray(0, at), bytes.subarray(at)), 'x-got'), [CLIENT], String(at));
      }
      t.deepEqual(valuesOf(await ask(...Array.from(bytes, (byte) => Buffer.of(byte))), 'x-got'), [CLIENT]);
    });
  }

  test(`the header holds for every request of its connection, also after bodies and pipelining (${transport})`, async (t) => {
    const { gateway } = await started;
    const client = await rawClient(gateway.port);
    const upload = requestText('POST /s', ['Content-Length: 100000'], 'x'.repeat(100_000));
    const chunked = requestText('POST /s', ['Transfer-Encoding: chunked'], '2\r\nhe\r\n0\r\n\r\n');
    client.send(Buffer.concat([textHeader(CLIENT), Buffer.from(upload + requestText('GET /s') + chunked + plain)]));
    t.deepEqual(everyGot(await client.ended()), [CLIENT, CLIENT, CLIENT, CLIENT]);
  });

  test(`a second header is a malformed request (${transport})`, async (t) => {
    const { ask } = await started;
    t.is(statusOf(await ask(textHeader(CLIENT), textHeader(CLIENT))), 400);
  });
}

/** The values of `X-Got` in several answers. */
function everyGot(answers: string): string[] {
  return [...answers.matchAll(/^x-got: (.*)\r$/gim)].map(([, value = '']) => value);
}

test('access rules, limits by address and the log have the address of the header', async (t) => {
  const { gateway, ask } = await shared.direct;
  const get = (source: string, path: string) => ask(textHeader(source), requestText(`GET ${path}`, [CLOSE]));
  t.is(statusOf(await get('203.0.113.9', '/near')), 200);
  t.is(statusOf(await get('198.51.100.9', '/near')), 403);
  t.is(statusOf(await get('203.0.113.8', '/seldom')), 200);
  t.is(statusOf(await get('203.0.113.8', '/seldom')), 429);
  t.is(statusOf(await get('203.0.113.9', '/seldom')), 200);
  t.is((await gateway.logged(({ route, status }) => route === 'near' && status === 403)).client, '198.51.100.9');
  t.is(statusOf(await ask(textHeader('203.0.113.10'), 'nonsense\r\n\r\n')), 400);
  await gateway.logged(({ client, status }) => client === '203.0.113.10' && status === 400);
});

test('forwarding fields are believed only if the header names a trusted proxy, or none', async (t) => {
  const { ask } = await place(t, { trustedProxies: [PROXY, '10.0.0.0/8'] });
  const claim = requestText('GET /s', ['X-Forwarded-For: 198.51.100.1', CLOSE]);
  const got = async (header: Buffer) => valuesOf(await ask(header, claim), 'x-got')[0];
  t.is(await got(textHeader(CLIENT)), CLIENT);
  t.is(await got(binaryIPv6('20010db8000000000000000000000007')), '2001:db8::7');
  t.is(await got(textHeader('10.0.0.7')), '198.51.100.1, 10.0.0.7');
  t.is(await got(binaryHeader(0x20, 0, Buffer.alloc(0))), `198.51.100.1, ${PROXY}`);
  for (const unknown of [Buffer.from('PROXY UNKNOWN\r\n'), binaryHeader(0x21, 0x31, Buffer.alloc(216))]) {
    t.is(await got(unknown), 'unknown');
  }
});

test('a WebSocket has the address of the header too', async (t) => {
  const upstream = await webSocketUpstream(t);
  const { gateway } = await place(t, {
    limits: {},
    routes: [{ name: 'w', path: '/w', upstream: upstream.url, auth: 'none' }],
  });
  const client = await rawClient(gateway.port);
  const fields = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const handshake = requestText('GET /w', [...fields, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']);
  client.send(Buffer.concat([textHeader(CLIENT), Buffer.from(handshake)]));
  await client.until(/ 101 /);
  client.socket.destroy();
  t.deepEqual(upstream.seen[0]?.values('x-forwarded-for'), [CLIENT]);
});

test('the listener that redirects to https takes headers too', async (t) => {
  const { gateway } = await place(t, {}, { tls: entry(SERVER), redirect: 0 });
  const client = await rawClient(Number(new URL(gateway.redirectUrl).port));
  client.send(Buffer.concat([textHeader(CLIENT), Buffer.from(plain)]));
  t.is(statusOf(await client.ended()), 308);
  t.like(await gateway.logged(({ status }) => status === 308), { client: CLIENT });
});

test('others than trusted proxies are cut without an answer, and a line a minute says so', async (t) => {
  const { gateway, ask } = await place(t, { trustedProxies: ['10.0.0.7'] });
  for (const bytes of [textHeader(CLIENT), plain, '']) t.is(await ask(bytes), '');
  const lines = gateway.log.filter(({ level }) => level === 40);
  t.is(lines.length, 1);
  t.like(lines[0], { peer: PROXY, fault: 'client' });
  t.regex(String(lines[0]?.msg), /only proxies in trustedProxies may connect/);
  t.false(gateway.log.some(({ msg }) => msg === 'request'));
});

test('trustedProxies may change while the gateway runs', async (t) => {
  const { gateway, ask } = await place(t, { trustedProxies: ['10.0.0.7'] });
  await gateway.reload({ trustedProxies: [PROXY] });
  t.deepEqual(valuesOf(await ask(textHeader(CLIENT), plain), 'x-got'), [CLIENT]);
});

for (const [name, bytes, detail] of [
  ['a request without a header', plain, 'it begins with something else'],
  ['a TLS handshake', Buffer.from([22, 3, 1, 0, 200]), 'it begins with TLS'],
  ['a malformed header', 'PROXY TCP4 x\r\n', 'the line is malformed'],
] as const) {
  test(`${name} is cut without an answer, and the log says why`, async (t) => {
    const { gateway, ask } = await place(t);
    t.is(await ask(bytes), '');
    t.is(await ask(bytes), '');
    const lines = gateway.log.filter(({ msg }) => msg === 'connection closed: it has no whole PROXY header');
    t.deepEqual(
      lines.map((line) => [line.peer, line.detail, line.fault]),
      [[PROXY, detail, 'client']],
    );
  });
}

for (const [what, timeouts, detail] of [
  ['does not arrive in time', { headers: `${HEADER_LIMIT}ms` }, 'it did not arrive within 200 ms'],
  ['is cut', { headers: '1h' }, 'the proxy has ended the connection'],
] as const) {
  test(`a connection whose header ${what} is closed without an answer, and the log says so`, async (t) => {
    const { gateway } = await place(t, { timeouts });
    const client = await rawClient(gateway.port);
    client.send('PROXY TC');
    if (what === 'is cut') client.socket.end();
    t.is(await client.ended(), '');
    t.like(await gateway.logged((line) => line.detail === detail), { peer: PROXY, fault: 'client' });
  });
}

test('the head of the request has a deadline of its own after the header', async (t) => {
  const { gateway } = await place(t, { timeouts: { headers: `${HEADER_LIMIT}ms` } });
  const client = await rawClient(gateway.port);
  client.send(Buffer.concat([textHeader(CLIENT), Buffer.from('GET /s HT')]));
  t.is(statusOf(await client.ended()), 408);
});

test('checks that only connect, or reset, leave no line', async (t) => {
  const { gateway, ask } = await place(t);
  for (const end of ['end', 'resetAndDestroy'] as const) {
    const client = await rawClient(gateway.port);
    client.socket[end]();
    await once(client.socket, 'close');
  }
  // A connection that has come later has been served.
  await ask(textHeader(CLIENT), plain);
  t.deepEqual(
    gateway.log.filter(({ level }) => Number(level) >= 40),
    [],
  );
});

test('at shutdown, a connection whose header has not arrived is closed soon', async (t) => {
  const gateway = await closable(t, NOWHERE, {
    listen: { port: 0, proxyProtocol: true },
    trustedProxies: [PROXY],
    timeouts: { headers: '1h' },
  });
  const client = await rawClient(gateway.port);
  client.send('PROXY TC');
  // Accepted after the first one.
  const other = await rawClient(gateway.port);
  other.send('x');
  await other.ended();
  await gateway.close({ delay: 0, timeout: 3_600_000 });
  t.is(await client.ended(), '');
});

test('over a Unix socket, the header or a forwarding field names the client of the peers that unix trusts', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-socket-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = await httpUpstream(t);
  const over = async (
    name: string,
    trustedProxies: readonly string[],
    listen: object,
    ...bytes: (string | Buffer)[]
  ) => {
    const socket = join(folder, name);
    await testGateway(t, {
      listen: { socket, ...listen },
      trustedProxies,
      routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
    });
    const client = connect(socket);
    for (const piece of bytes) client.write(piece);
    client.resume();
    await once(client, 'close');
    return upstream.seen.pop()?.values('x-forwarded-for');
  };
  const claim = requestText('GET /s', ['X-Forwarded-For: 198.51.100.1', CLOSE]);
  t.deepEqual(await over('a', ['unix'], { proxyProtocol: true }, textHeader(CLIENT), plain), [CLIENT]);
  t.deepEqual(await over('b', ['unix'], {}, claim), ['198.51.100.1, unknown']);
  t.deepEqual(await over('c', [], {}, claim), ['unknown']);
});
