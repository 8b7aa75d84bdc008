import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { WebSocket } from 'ws';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { webSocketUpstream } from '../support/http/websocket.ts';

const BASIC = 'Basic realm="api", charset="UTF-8"';

test('a token is taken in X-API-Key where a route says so, in no other form, and never reaches the upstream', async (t) => {
  const { gateway, upstream, status } = await place(t);
  const token = await gateway.token();
  for (const path of ['/api/v1/all', '/api/v1/key']) {
    t.is(await status(path, `X-API-Key: ${token}`), 200, path);
    t.is(await status(path, `x-api-key: ${token}`, 'X_API_Key: x', 'X.API.KEY: x'), 200, path);
    for (const value of [
      '',
      'x',
      `${token}x`,
      `Bearer ${token}`,
      basic(ADA),
      `${ADA.email}:${ADA.password}`,
      `${token},`,
    ]) {
      t.is(await status(path, `X-API-Key: ${value}`), 401, value);
    }
    t.is(await status(path, `X_API_Key: ${token}`), 401, 'a look-alike');
  }
  t.is(upstream.seen.length, 4);
  for (const { rawHeaders } of upstream.seen) {
    t.false(rawHeaders.some((text) => /^x.api.key$/i.test(text) || text.includes(token)));
  }
});

test('other routes take no X-API-Key, and pass it on: it may be the upstream’s own', async (t) => {
  const { gateway, upstream, status } = await place(t);
  const token = await gateway.token();
  t.is(await status('/api/v1/usual', `X-API-Key: ${token}`), 401);
  t.is(await status('/api/v1/usual', 'X-API-Key: theirs', `Authorization: ${basic(ADA)}`), 200);
  t.is(await status('/open', 'X-API-Key: theirs', 'X-API-Key: too'), 200);
  t.deepEqual(
    upstream.seen.map(({ values }) => values('X-API-Key')),
    [['theirs'], ['theirs', 'too']],
  );
  t.is(await status('/api/v1/tokens/', `X-API-Key: ${token}`), 401);
});

test('several credentials that a route takes are refused, and what it does not take is not there', async (t) => {
  const { gateway, status } = await place(t);
  const token = await gateway.token();
  const key = `X-API-Key: ${token}`;
  t.is(await status('/api/v1/all', key, key), 400);
  t.is(await status('/api/v1/key', key, 'X-API-Key: other'), 400);
  t.is(await status('/api/v1/all', key, `Authorization: ${basic(ADA)}`), 400);
  t.is(await status('/api/v1/all', key, `Authorization: Bearer ${token}`), 400);
  t.is(await status('/api/v1/key', key, `Authorization: ${basic(ADA)}`), 200);
  t.is(await status('/api/v1/key', `Authorization: ${basic(ADA)}`), 401);
  t.is(await status('/api/v1/bearer', `Authorization: Bearer ${token}`), 200);
  t.is(await status('/api/v1/bearer', `Authorization: ${basic(ADA)}`), 401);
  t.is(await status('/api/v1/basic', `Authorization: ${basic(ADA)}`), 200);
  t.is(await status('/api/v1/basic', `Authorization: ${basic({ email: token, password: '' })}`), 200);
  t.is(await status('/api/v1/basic', `Authorization: Bearer ${token}`), 401);
});

test('what was proven in one field stands for nothing in another', async (t) => {
  const { gateway, status } = await place(t);
  const token = await gateway.token();
  t.is(await status('/api/v1/all', `Authorization: Bearer ${token}`), 200);
  t.is(await status('/api/v1/all', `X-API-Key: Bearer ${token}`), 401);
  t.is(await status('/api/v1/all', `Authorization: ${basic(ADA)}`), 200);
  t.is(await status('/api/v1/all', `X-API-Key: ${basic(ADA)}`), 401);
  t.is(await status('/api/v1/all', `X-API-Key: ${token}`), 200);
  t.is(await status('/api/v1/all', `Authorization: ${token}`), 401);
});

test('the challenge names what the route takes', async (t) => {
  const { gateway } = await place(t);
  const challenges = async (path: string, ...headers: [string, string][]) =>
    (await fetch(gateway.url + path, { headers })).headers.get('www-authenticate');
  const bad: [string, string] = ['Authorization', 'Bearer x'];
  t.is(await challenges('/api/v1/usual'), BASIC);
  t.is(await challenges('/api/v1/usual', bad), `${BASIC}, Bearer realm="api", error="invalid_token"`);
  t.is(await challenges('/api/v1/all'), BASIC);
  t.is(await challenges('/api/v1/all', ['X-API-Key', 'x']), BASIC);
  t.is(await challenges('/api/v1/bearer'), 'Bearer realm="api"');
  t.is(await challenges('/api/v1/bearer', bad), 'Bearer realm="api", error="invalid_token"');
  t.is(await challenges('/api/v1/bearer', ['Authorization', basic(ADA)]), 'Bearer realm="api"');
  t.is(await challenges('/api/v1/basic', bad), BASIC);
  t.is(await challenges('/api/v1/key'), 'ApiKey realm="api"');
});

test('an API key that is revoked is refused, and one opens a WebSocket', async (t) => {
  const webSockets = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'ws', path: '/api/v1/ws', upstream: webSockets.url, credentials: ['api-key'] }],
  });
  const token = await gateway.token();
  const open = async () => {
    const socket = new WebSocket(`${gateway.url.replace(/^http/, 'ws')}/api/v1/ws`, {
      headers: { 'X-API-Key': token },
    });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  };
  const socket = await open();
  t.deepEqual(webSockets.seen[0]?.values('X-API-Key'), []);
  t.deepEqual(webSockets.seen[0]?.values('X-User-Id'), ['1']);
  const closed = once(socket, 'close');
  await fetch(`${gateway.url}/api/v1/tokens/current`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${token}` },
  });
  t.is((await closed)[0], 1008);
  await t.throwsAsync(open(), { message: /401/ });
});

test('a token is taken as the password of token and of x-token-auth', async (t) => {
  const { gateway, upstream, status } = await place(t);
  const token = await gateway.token();
  for (const user of ['token', 'x-token-auth', 'X-Token-Auth']) {
    t.is(await status('/api/v1/usual', `Authorization: ${basic({ email: user, password: token })}`), 200, user);
    t.is(await status('/api/v1/usual', `Authorization: ${basic({ email: user, password: 'x' })}`), 401, user);
  }
  t.is(await status('/api/v1/usual', `Authorization: ${basic({ email: 'git', password: token })}`), 401);
  const bought = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'POST',
    headers: { Authorization: basic({ email: 'token', password: token }) },
  });
  t.is(bought.status, 401, 'a token cannot buy a token');
  for (const { rawHeaders } of upstream.seen) t.false(rawHeaders.some((text) => /^authorization$/i.test(text)));
});

async function place(t: ExecutionContext): Promise<{
  gateway: TestGateway;
  upstream: TestUpstream;
  status: (path: string, ...fields: string[]) => Promise<number>;
}> {
  const upstream = await httpUpstream(t);
  const to = { upstream: upstream.url };
  const gateway = await testGateway(t, {
    routes: [
      { name: 'usual', path: '/api/v1/usual', ...to },
      { name: 'all', path: '/api/v1/all', credentials: ['basic', 'bearer', 'api-key'], ...to },
      { name: 'key', path: '/api/v1/key', credentials: ['api-key'], ...to },
      { name: 'bearer', path: '/api/v1/bearer', credentials: ['bearer'], ...to },
      { name: 'basic', path: '/api/v1/basic', credentials: ['basic'], ...to },
      { name: 'open', path: '/open', auth: 'none', ...to },
    ],
  });
  const status = async (path: string, ...fields: string[]) =>
    statusOf(
      await rawExchange(
        gateway.port,
        `${[`GET ${path} HTTP/1.1`, 'Host: a', ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`,
      ),
    );
  return { gateway, upstream, status };
}
