import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

const NOT_ALLOWED = { error: 'forbidden', message: 'Not allowed' };

async function place(t: ExecutionContext, listen = {}) {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen,
    trustedProxies: ['127.0.0.1'],
    routes: [
      { name: 'admin', path: '/api/v1/admin', methods: ['GET'], upstream: upstream.url, allowFrom: '10.0.0.0/8' },
      { name: 'open', path: '/intern', auth: 'none', upstream: upstream.url, allowFrom: ['10.0.0.0/8', '::1'] },
      { name: 'mapped', path: '/mapped', auth: 'none', upstream: upstream.url, allowFrom: '::ffff:10.0.0.0/104' },
      { name: 'api', path: '/api/v1/any', upstream: upstream.url },
    ],
  });
  /** @param from `X-Forwarded-For`; null: the client is on the gateway's own machine */
  const ask = async (path: string, from: string | null, authorization?: string, method = 'GET', body?: string) => {
    const headers = {
      ...(authorization !== undefined && { Authorization: authorization }),
      ...(from !== null && { 'X-Forwarded-For': from }),
    };
    const answer = await fetch(gateway.url + path, { method, headers, ...(body !== undefined && { body }) });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  return { gateway, upstream, ask };
}

for (const fastPath of [true, false]) {
  test(`a route lets in the addresses of its networks alone, ${fastPath ? 'on' : 'past'} the fast path`, async (t) => {
    const { gateway, upstream, ask } = await place(t, { fastPath });
    for (const [from, status] of [
      ['10.1.2.3', 200],
      ['10.1.2.3:5000', 200],
      ['::ffff:10.1.2.3', 200],
      ['[::FFFF:a01:203]:80', 200],
      ['11.0.0.1', 403],
      ['::ffff:11.0.0.1', 403],
      ['::1', 403],
      ['10.1.2.3, 11.0.0.1', 403],
      ['11.0.0.1, 10.1.2.3', 200],
      [null, 403],
    ] as const) {
      const { length } = upstream.seen;
      const answer = await ask('/api/v1/admin', from, basic(ADA));
      t.is(answer.status, status, String(from));
      if (status === 403) t.deepEqual(answer.body, NOT_ALLOWED);
      t.is(upstream.seen.length - length, status === 200 ? 1 : 0);
      t.is((await ask('/mapped', from)).status, status, String(from));
    }
    const line = await gateway.logged(({ path, status }) => path === '/api/v1/admin' && status === 403);
    t.is(line.detail, '11.0.0.1 is not in allowFrom of the route admin');
    t.is(line.fault, 'client');
    t.is(line.account, '1');
  });
}

test('an open route has addresses too', async (t) => {
  const { ask } = await place(t);
  for (const [from, status] of [
    ['10.1.2.3', 200],
    ['::1', 200],
    ['203.0.113.7', 403],
  ] as const) {
    t.is((await ask('/intern', from)).status, status, from);
  }
});

test('a claim of another address by a client that is no trusted proxy opens nothing', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'open', path: '/intern', auth: 'none', upstream: upstream.url, allowFrom: '10.0.0.0/8' }],
  });
  for (const field of ['X-Forwarded-For: 10.0.0.1', 'Forwarded: for=10.0.0.1', 'X-Real-IP: 10.0.0.1', 'X: y']) {
    const head = `GET /intern HTTP/1.1\r\nHost: a\r\n${field}\r\nConnection: close\r\n\r\n`;
    t.is(statusOf(await rawExchange(gateway.port, head)), 403, field);
  }
  t.deepEqual(upstream.seen, []);
});

test('who has not authenticated hears nothing of addresses, and neither does who asks for what there is not', async (t) => {
  const { ask } = await place(t);
  const elsewhere = '203.0.113.7';
  t.is((await ask('/api/v1/admin', elsewhere)).status, 401);
  t.is((await ask('/api/v1/admin', elsewhere, basic(BOB))).body.message, 'Unconfirmed account');
  t.is((await ask('/api/v1/admin', elsewhere, basic(ADA), 'DELETE')).status, 405);
  t.is((await ask('/api/v1/nothing', elsewhere, basic(ADA))).status, 404);
});

test('a WebSocket handshake is refused by its address', async (t) => {
  const { gateway } = await place(t);
  const head = [
    ...['GET /intern HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'X-Forwarded-For: 203.0.113.7'],
  ];
  t.is(statusOf(await rawExchange(gateway.port, `${head.join('\r\n')}\r\n\r\n`)), 403);
});

test('a token that is bound to addresses is refused from elsewhere on every route and at the token endpoints', async (t) => {
  const { gateway, upstream, ask } = await place(t);
  const addresses = ['203.0.113.0/24', '::ffff:198.51.100.7', '2001:DB8::/32', '203.0.113.0/24'];
  const wish = JSON.stringify({ addresses });
  const issued = (await ask('/api/v1/tokens/', '192.0.2.1', basic(ADA), 'POST', wish)).body;
  const kept = ['203.0.113.0/24', '198.51.100.7', '2001:db8::/32'];
  t.deepEqual(Object.keys(issued), ['token', 'expiration', 'addresses']);
  t.deepEqual(issued.addresses, kept);

  for (const authorization of [`Bearer ${issued.token}`, basic({ email: issued.token, password: '' })]) {
    for (const [from, status] of [
      ['203.0.113.7', 200],
      ['198.51.100.7', 200],
      ['2001:db8::7', 200],
      ['198.51.100.8', 403],
      ['10.1.2.3', 403],
      [null, 403],
    ] as const) {
      const { length } = upstream.seen;
      const answer = await ask('/api/v1/any', from, authorization);
      t.is(answer.status, status, String(from));
      t.is(upstream.seen.length - length, status === 200 ? 1 : 0);
      if (status === 403) t.deepEqual(answer.body, NOT_ALLOWED);
      t.is((await ask('/api/v1/tokens/', from, authorization)).status, status, String(from));
    }
    t.is((await ask('/api/v1/nothing', '10.1.2.3', authorization)).status, 404);
  }
  t.is((await ask('/api/v1/tokens/current', '10.1.2.3', `Bearer ${issued.token}`, 'DELETE')).status, 403);
  const line = await gateway.logged(({ status, client }) => status === 403 && client === '198.51.100.8');
  t.is(line.detail, '198.51.100.8 is not in the addresses of the token');

  const unbound = `Bearer ${await gateway.token()}`;
  const { tokens } = (await ask('/api/v1/tokens/', '10.1.2.3', unbound)).body;
  // In any order: both may be of the same second.
  const listed = tokens.map((token: { addresses?: string[] }) => JSON.stringify(token.addresses) ?? 'unbound');
  t.deepEqual(listed.sort(), [JSON.stringify(kept), 'unbound']);
  t.is((await ask('/api/v1/tokens/current', '203.0.113.9', `Bearer ${issued.token}`, 'DELETE')).status, 204);
});

test('both the route and the token must let an address in', async (t) => {
  const { ask } = await place(t);
  const bind = async (address: string) => {
    const { body } = await ask('/api/v1/tokens/', null, basic(ADA), 'POST', JSON.stringify({ addresses: [address] }));
    return `Bearer ${body.token}`;
  };
  t.is((await ask('/api/v1/admin', '10.0.0.1', await bind('10.0.0.0/24'))).status, 200);
  t.is((await ask('/api/v1/admin', '10.0.1.1', await bind('10.0.0.0/24'))).status, 403);
  t.is((await ask('/api/v1/admin', '11.0.0.1', await bind('11.0.0.1'))).status, 403);
});

test('addresses of a token that are wrong are refused with what would be right', async (t) => {
  const { ask } = await place(t);
  const many = Array.from({ length: 21 }, (_, n) => `10.0.0.${n}`);
  for (const addresses of [[], many, '10.0.0.1', ['10.0.0.1/33'], ['localhost'], [7], ['fe80::1%eth0'], {}]) {
    const { status, body } = await ask('/api/v1/tokens/', null, basic(ADA), 'POST', JSON.stringify({ addresses }));
    t.is(status, 400, JSON.stringify(addresses));
    t.regex(body.message, /^addresses must be a list of 1 to 20 IP addresses or networks, such as \["203\.0\.113\.0/);
  }
});
