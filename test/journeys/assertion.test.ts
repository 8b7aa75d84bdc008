import { createPublicKey, type webcrypto } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import jwt from 'jsonwebtoken';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type SeenRequest } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, routeOver } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';

const ISSUER = 'https://api.example.com';

/** Verifies as a service does: with the published key, and the issuer and audience that it expects. */
async function verified(gateway: TestGateway, text: string, audience: string): Promise<jwt.JwtPayload> {
  const { keys } = (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()) as {
    keys: (webcrypto.JsonWebKey & { kid: string })[];
  };
  const { kid } = jwt.decode(text, { complete: true })?.header ?? {};
  const jwk = keys.find((key) => key.kid === kid);
  if (jwk === undefined) throw new Error(`no key ${kid} is published`);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return jwt.verify(text, key, { algorithms: ['ES256'], issuer: ISSUER, audience }) as jwt.JwtPayload;
}

function assertionIn(t: ExecutionContext, seen: SeenRequest | undefined): string {
  const [assertion, ...others] = seen?.values('x-user-assertion') ?? [];
  t.deepEqual(others, []);
  return assertion ?? t.fail('no assertion') ?? '';
}

async function get(gateway: TestGateway, path: string, authorization: string): Promise<number> {
  const answer = await fetch(gateway.url + path, { headers: { Authorization: authorization } });
  await answer.arrayBuffer();
  return answer.status;
}

overAll('a service can verify who sends a request, by password or token', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    assertion: { issuer: ISSUER, claims: ['email'] },
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) },
      { name: 'named', path: '/api/v1/named', upstream: upstream.url, assertion: 'billing', ...routeOver(over) },
    ],
  });
  const token = await gateway.token();
  for (const [authorization, method] of [
    [basic(ADA), 'pwd'],
    [`Bearer ${token}`, 'token'],
    [basic({ email: token, password: '' }), 'token'],
  ] as const) {
    t.is(await get(gateway, '/api/v1/o', authorization), 200);
    const claims = await verified(gateway, assertionIn(t, upstream.seen.at(-1)), 'o');
    const { iat = 0, exp = 0, ...others } = claims;
    t.is(exp - iat, 60);
    t.deepEqual(others, { iss: ISSUER, aud: 'o', sub: '1', amr: [method], email: ADA.email });
  }
  t.is(await get(gateway, '/api/v1/named', basic(ADA)), 200);
  t.is((await verified(gateway, assertionIn(t, upstream.seen.at(-1)), 'billing')).sub, '1');
});

test('who may not pass gets no assertion to the upstream, and routes without identity or with assertion: false none', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    assertion: { issuer: ISSUER },
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
      { name: 'without', path: '/api/v1/without', upstream: upstream.url, assertion: false },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none' },
    ],
  });
  t.is(await get(gateway, '/api/v1/o', basic(BOB)), 403);
  t.is(await get(gateway, '/api/v1/o', basic({ ...ADA, password: 'wrong' })), 401);
  t.is(upstream.seen.length, 0);
  for (const path of ['/api/v1/without', '/open']) {
    t.is(await get(gateway, path, basic(ADA)), 200);
    t.deepEqual(upstream.seen.at(-1)?.values('x-user-assertion'), [], path);
  }
});

test('a handshake of a WebSocket carries an assertion', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    assertion: { issuer: ISSUER },
    routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url }],
  });
  await webSocketTo(t, `${gateway.url}/api/v1/ws`, { authorization: basic(ADA) });
  t.is((await verified(gateway, assertionIn(t, upstream.seen.at(-1)), 'ws')).sub, '1');
});

test('the same assertion is sent again, and a new password, unconfirming and confirming make a new one at once', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    assertion: { issuer: ISSUER },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }],
  });
  const seen = async (password: string) => {
    t.is(await get(gateway, '/api/v1/o', basic({ ...ADA, password })), 200);
    return assertionIn(t, upstream.seen.at(-1));
  };
  const first = await seen(ADA.password);
  t.is(await seen(ADA.password), first);
  await gateway.accounts.setPassword('1', await hashPassword('another horse', 4));
  const second = await seen('another horse');
  t.not(second, first);
  await gateway.accounts.setConfirmed('1', false);
  t.is(await get(gateway, '/api/v1/o', basic({ ...ADA, password: 'another horse' })), 403);
  await gateway.accounts.setConfirmed('1', true);
  t.not(await seen('another horse'), second);
});

overAll('no assertion of a client reaches the upstream, in whatever spelling or place', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    assertion: { issuer: ISSUER },
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) },
      { name: 'without', path: '/api/v1/without', upstream: upstream.url, assertion: false, ...routeOver(over) },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none', ...routeOver(over) },
    ],
  });
  for (const [path, expected] of [
    ['/api/v1/o', 1],
    ['/api/v1/without', 0],
    ['/open', 0],
  ] as const) {
    for (const forgery of FORGERIES) {
      const head = [`GET ${path} HTTP/1.1`, 'Host: a', `Authorization: ${basic(ADA)}`, 'Connection: close', ...forgery];
      t.is(statusOf(await rawExchange(gateway.port, `${head.join('\r\n')}\r\n\r\n`)), 200, forgery.join());
      const taken = assertionsIn(upstream.seen.at(-1));
      t.is(taken.length, expected, `${path} ${forgery.join()}`);
      t.false(taken.includes('forged'), `${path} ${forgery.join()}`);
    }
  }
  const trailers = `POST /api/v1/o HTTP/1.1\r\nHost: a\r\nAuthorization: ${basic(ADA)}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-User-Assertion\r\n\r\n1\r\na\r\n0\r\nX-User-Assertion: forged\r\n\r\n`;
  t.is(statusOf(await rawExchange(gateway.port, trailers)), 200);
  t.is(assertionsIn(upstream.seen.at(-1)).length, 1);
  t.false(assertionsIn(upstream.seen.at(-1)).includes('forged'));
});

/** CGI, WSGI and Rack see letters and digits alone. */
function assertionsIn(seen: SeenRequest | undefined): string[] {
  const { rawHeaders = [] } = seen ?? {};
  const fold = (name = '') =>
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^http-|^-|-$/g, '');
  return rawHeaders.filter((_, i) => i % 2 === 1 && fold(rawHeaders[i - 1]) === 'x-user-assertion');
}

const FORGERIES: readonly (readonly string[])[] = [
  ['X-User-Assertion: forged'],
  ['x-user-assertion: forged', 'X-USER-ASSERTION: forged'],
  ['X_User_Assertion: forged', 'X.User.Assertion: forged', 'x_user-assertion: forged'],
  ['X~User!Assertion: forged', 'X-User-Assertion_: forged', 'HTTP_X_USER_ASSERTION: forged'],
  ['X-User-Assertion:'],
  ['Keep-Alive: X-User-Assertion', 'TE: X-User-Assertion'],
  ['Connection: X-User-Assertion'],
];

test('an assertion that an upstream echoes does not reach the client', async (t) => {
  const upstream = await httpUpstream(t, (req, res) => {
    res.setHeader('X-User-Assertion', String(req.headers['x-user-assertion']));
    res.end();
  });
  const gateway = await testGateway(t, {
    assertion: { issuer: ISSUER },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }],
  });
  const answer = await fetch(`${gateway.url}/api/v1/o`, { headers: { Authorization: basic(ADA) } });
  t.is(answer.status, 200);
  t.is(answer.headers.get('x-user-assertion'), null);
});
