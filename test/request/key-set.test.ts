import test, { type ExecutionContext } from 'ava';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

const PATH = '/.well-known/jwks.json';

async function gatewayWith(t: ExecutionContext, settings: object): Promise<TestGateway> {
  const upstream = await httpUpstream(t);
  return await testGateway(t, {
    routes: [{ name: 'site', path: '/', upstream: upstream.url, auth: 'none' }],
    ...settings,
  });
}

test('both listeners publish the keys, for any page and for five minutes, with an ETag', async (t) => {
  const gateway = await gatewayWith(t, { assertion: { issuer: 'https://a' } });
  const bodies: string[] = [];
  for (const origin of [gateway.url, gateway.opsUrl]) {
    const answer = await fetch(origin + PATH, { headers: { Origin: 'https://elsewhere.example' } });
    t.is(answer.status, 200);
    const { headers } = answer;
    t.is(headers.get('content-type'), 'application/jwk-set+json');
    t.is(headers.get('cache-control'), 'public, max-age=300');
    t.is(headers.get('access-control-allow-origin'), '*');
    const etag = headers.get('etag') ?? '';
    t.regex(etag, /^"[\w-]{22}"$/);
    bodies.push(await answer.text());

    const head = await fetch(origin + PATH, { method: 'HEAD' });
    t.is(head.headers.get('content-length'), headers.get('content-length'));
    for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await fetch(origin + PATH, { headers: { 'If-None-Match': condition } });
      t.deepEqual([again.status, again.headers.get('etag'), await again.text()], [304, etag, ''], condition);
    }
    t.is((await fetch(origin + PATH, { headers: { 'If-None-Match': '"x"' } })).status, 200);
    for (const method of ['POST', 'OPTIONS', 'DELETE']) {
      const refused = await fetch(origin + PATH, { method });
      t.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD'], method);
    }
  }
  t.is(bodies[0], bodies[1]);
});

test('nothing below the path is the gateway, nor the path in another spelling, nor without assertion', async (t) => {
  const gateway = await gatewayWith(t, { assertion: { issuer: 'https://a' } });
  const bodyAt = async (path: string) => (await (await fetch(gateway.url + path)).json()) as { url?: string };
  for (const path of ['/.well-known', `${PATH}/x`, `${PATH}.bak`, '/.well-known/security.txt']) {
    t.like(await bodyAt(path), { url: path });
  }
  t.deepEqual(Object.keys(await bodyAt(`${PATH}?x=1`)), ['keys']);
  for (const path of [
    `${PATH}/`,
    '/.well-known//jwks.json',
    '/.well-known/JWKS.json',
    '/.well-known/%6awks.json',
    '/.well-known/jwks.json;x',
  ]) {
    t.is(
      statusOf(await rawExchange(gateway.port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)),
      400,
      path,
    );
  }
  const without = await gatewayWith(t, {});
  t.like(await (await fetch(without.url + PATH)).json(), { url: PATH });
  t.is((await fetch(without.opsUrl + PATH)).status, 404);
});

test('the keys need no credentials, and wrong ones do not matter', async (t) => {
  const gateway = await gatewayWith(t, { assertion: { issuer: 'https://a' } });
  const answer = await fetch(gateway.url + PATH, { headers: { Authorization: basic({ ...ADA, password: 'wrong' }) } });
  t.is(answer.status, 200);
  t.truthy(answer.headers.get('x-request-id'));
  const line = await gateway.logged(({ route }) => route === 'key-set');
  t.is(line.status, 200);
});
