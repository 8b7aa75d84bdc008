import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';

const CAROL = { email: 'carol@example.com', password: 'of her own' };

const NEEDS_WRITE = {
  status: 403,
  body: '{"error":"insufficient_scope","message":"This needs the scope orders:write"}',
  challenge: 'Bearer realm="api", error="insufficient_scope", scope="orders:write"',
};
const NOT_ALLOWED = { status: 403, body: '{"error":"forbidden","message":"Not allowed"}', challenge: null };

type Door = (
  authorization: string,
  path: string,
) => Promise<{ status: number; body: string; challenge: string | null }>;

for (const kind of DATABASES) {
  test(`${kind}: what a password and tokens may do follows the role of their account, at every door`, async (t) => {
    const { doors, gateway, token } = await open(t, kind);
    const carol = basic(CAROL);
    const staff = (...groups: string[]) => gateway.accounts.setGroups('1', groups);
    await staff('staff');
    const credentials = {
      password: basic(ADA),
      'token with the scope': await token(basic(ADA), 'orders:write'),
      'token without a scope': await token(basic(ADA), null),
    };
    const reader = await token(basic(ADA), 'orders:read');
    const ofCarol = await token(carol, null);

    for (const [name, ask] of Object.entries(doors)) {
      const status = async (authorization: string, path: string) => (await ask(authorization, path)).status;
      await staff('staff');
      for (const [credential, authorization] of Object.entries(credentials)) {
        t.is(await status(authorization, 'orders'), 200, `${name}, ${credential}, has the role`);
        t.is(await status(authorization, 'staff'), 200, `${name}, ${credential}, is in the group`);
      }
      t.deepEqual(await ask(reader, 'orders'), NEEDS_WRITE, `${name}, token with another scope`);
      t.is(await status(reader, 'staff'), 200, `${name}, groups need no scope`);

      await staff('guests');
      for (const [credential, authorization] of Object.entries(credentials)) {
        t.deepEqual(await ask(authorization, 'orders'), NEEDS_WRITE, `${name}, ${credential}, lost the role`);
        t.deepEqual(await ask(authorization, 'staff'), NOT_ALLOWED, `${name}, ${credential}, left the group`);
      }
      for (const [credential, authorization] of Object.entries({ password: carol, token: ofCarol })) {
        t.deepEqual(await ask(authorization, 'orders'), NEEDS_WRITE, `${name}, ${credential}, never had the role`);
        t.deepEqual(await ask(authorization, 'staff'), NOT_ALLOWED, `${name}, ${credential}, never in the group`);
      }

      await staff('admin');
      t.is(await status(credentials.password, 'staff'), 200, `${name}, one of the groups is enough`);
    }
    await t.throwsAsync(token(carol, 'orders:write'), { message: /^400 / });
  });
}

test('a 401, an unconfirmed account, an unknown path and a method that is not taken come before what a route requires', async (t) => {
  const { gateway } = await open(t, 'sqlite');
  const bob = basic({ email: 'bob@example.com', password: 'battery staple' });
  const status = async (method: string, path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return (await fetch(`${gateway.url}/api/v1/${path}`, { method, headers })).status;
  };
  t.is(await status('GET', 'orders'), 401);
  const unconfirmed = await fetch(`${gateway.url}/api/v1/orders`, { headers: { Authorization: bob } });
  t.is(await unconfirmed.text(), '{"error":"forbidden","message":"Unconfirmed account"}');
  t.is(await status('GET', 'nothing', basic(ADA)), 404);
  t.is(await status('DELETE', 'orders', basic(ADA)), 405);
  t.is(await status('GET', 'orders', basic(ADA)), 403);
  const line = gateway.log.find(({ error }) => error === 'insufficient_scope');
  t.is(line?.detail, 'the account lacks the scope orders:write');
});

test('several scopes that are missing are all named, and the challenge names all that the route requires', async (t) => {
  const { gateway, token } = await open(t, 'sqlite');
  await gateway.accounts.setGroups('1', ['staff']);
  const both = async (scope: string) => {
    const authorization = await token(basic(ADA), scope);
    const answer = await fetch(`${gateway.url}/api/v1/both`, { headers: { Authorization: authorization } });
    return [
      answer.status,
      ((await answer.json()) as { message: string }).message,
      answer.headers.get('www-authenticate'),
    ];
  };
  const challenge = 'Bearer realm="api", error="insufficient_scope", scope="orders:read orders:write"';
  t.deepEqual(await both('reports'), [403, 'This needs the scopes orders:read, orders:write', challenge]);
  t.deepEqual(await both('orders:write'), [403, 'This needs the scope orders:read', challenge]);
  const line = gateway.log.findLast(({ error }) => error === 'insufficient_scope');
  t.is(line?.detail, 'the token lacks the scope orders:read');
});

async function open(t: ExecutionContext, kind: DatabaseKind) {
  const [upstream, sockets] = [await httpUpstream(t), await webSocketUpstream(t)];
  const settings = {
    database: { url: urlOf(await temporaryDatabase(t, kind)), timeout: '10s' },
    tokens: { secrets: ['of these tests alone, and long enough'] },
    scopes: {
      'orders:read': 'See orders',
      'orders:write': { text: 'Change orders', groups: ['staff'] },
      reports: 'See reports',
    },
    routes: [
      { ...route('orders', upstream.url, { scopes: ['orders:write'] }), methods: ['GET'] },
      route('staff', upstream.url, { groups: ['admin', 'staff'] }),
      route('both', upstream.url, { scopes: ['orders:read', 'orders:write'] }),
      route('ws/orders', sockets.url, { scopes: ['orders:write'] }),
      route('ws/staff', sockets.url, { groups: ['admin', 'staff'] }),
    ],
  };
  const gateway = await testGateway(t, settings);
  const slow = await testGateway(t, { ...settings, listen: { fastPath: false } });
  await gateway.accounts.add({
    email: CAROL.email,
    passwordHash: await hashPassword(CAROL.password, 4),
    confirmed: true,
  });
  const doors: Record<string, Door> = {
    'fast path': plain(gateway),
    'HTTP server': plain(slow),
    WebSocket: (authorization, path) => handshake(t, gateway, authorization, path),
  };
  const token = async (authorization: string, scope: string | null) => {
    const answer = await fetch(`${gateway.url}/api/v1/tokens/`, {
      method: 'POST',
      headers: { Authorization: authorization },
      body: JSON.stringify(scope === null ? {} : { scope }),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return `Bearer ${((await answer.json()) as { token: string }).token}`;
  };
  return { gateway, doors, token };
}

function route(name: string, upstream: string, requires: object) {
  return { name: name.replace('/', '-'), path: `/api/v1/${name}`, upstream, requires };
}

/** A request that the fast path takes where there is one. */
function plain({ port }: TestGateway): Door {
  return async (authorization, path) => {
    const head = `GET /api/v1/${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`;
    const answer = await rawExchange(port, head);
    const [fields = '', body = ''] = answer.split('\r\n\r\n');
    return { status: statusOf(answer), body, challenge: /^WWW-Authenticate: (.*)$/im.exec(fields)?.[1] ?? null };
  };
}

async function handshake(t: ExecutionContext, { url }: TestGateway, authorization: string, path: string) {
  const refused = { status: 0, body: '', challenge: null as string | null };
  try {
    const socket = await webSocketTo(t, `${url}/api/v1/ws/${path}`, { authorization });
    socket.close();
    await once(socket, 'close');
    return { ...refused, status: 200 };
  } catch {
    const { port } = new URL(url);
    const answer = await rawExchange(
      Number(port),
      `GET /api/v1/ws/${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [fields = '', body = ''] = answer.split('\r\n\r\n');
    return { status: statusOf(answer), body, challenge: /^WWW-Authenticate: (.*)$/im.exec(fields)?.[1] ?? null };
  }
}
