import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE, webSocketUpstream } from '../support/http/websocket.ts';
import { authorization, bodyOf, message } from './message.ts';

const AS_ADA = authorization(ADA);
const REFUSAL = {
  error: 'forbidden',
  message: 'This request comes from another site, with credentials that a browser may have added by itself',
};
const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';

/** What a browser says of a request that another site has it send. */
const FOREIGN: readonly (readonly string[])[] = [
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: cross-site', `Origin: ${EVIL}`, 'Sec-Fetch-Mode: navigate'],
  ['Sec-Fetch-Site: cross-site', 'Origin: http://api.test'],
  ['Sec-Fetch-Site: same-site', 'Origin: http://blog.api.test'],
  ['sec-fetch-site: cross-site'],
  ['SEC-FETCH-SITE: Cross-Site'],
  ['Sec-Fetch-Site: what comes after us'],
  [`Origin: ${EVIL}`],
  ['origin: null'],
  ['Origin: http://api.test.evil.example'],
  ['Origin: http://api.test:8080'],
  ['Origin: http://blog.api.test'],
  ['Origin: http://api.test@evil.example'],
  ['Origin: chrome-extension://api.test'],
];

/** What it says of those of the gateway's own pages and of the person before it; and what others say, which is nothing. */
const OWN: readonly (readonly string[])[] = [
  [],
  ['Sec-Fetch-Site: same-origin'],
  ['Sec-Fetch-Site: none'],
  ['Sec-Fetch-Site: same-origin', 'Origin: null'],
  ['Origin: http://api.test'],
  ['Origin: https://api.test'],
  ['Origin: HTTP://API.test'],
  ['Referer: https://evil.example/page'],
];

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
  test(`a ${method} of another site with Basic credentials is refused and forwarded nowhere, and one of the own site passes`, async (t) => {
    const { gateway, upstream } = await place(t);
    for (const fields of FOREIGN) {
      const answer = await ask(gateway, `${method} /api/v1/o`, AS_ADA, ...fields);
      t.is(statusOf(answer), 403, fields.join('; '));
      t.deepEqual(JSON.parse(bodyOf(answer)), REFUSAL);
    }
    t.deepEqual(upstream.seen, []);
    for (const fields of OWN) {
      t.is(statusOf(await ask(gateway, `${method} /api/v1/o`, AS_ADA, ...fields)), 200, fields.join('; '));
    }
  });
}

test('a token that a browser remembers as Basic credentials is no better, and a Bearer token is never asked for', async (t) => {
  const { gateway } = await place(t);
  const token = await gateway.token();
  for (const fields of FOREIGN) {
    const remembered = `Authorization: ${basic({ email: token, password: '' })}`;
    t.is(statusOf(await ask(gateway, 'POST /api/v1/o', remembered, ...fields)), 403, fields.join('; '));
    t.is(statusOf(await ask(gateway, 'POST /api/v1/o', `Authorization: Bearer ${token}`, ...fields)), 200);
  }
  for (const scheme of ['basic', 'BASIC', 'Basic  ']) {
    const field = AS_ADA.replace('Basic', scheme);
    t.is(statusOf(await ask(gateway, 'POST /api/v1/o', field, 'Sec-Fetch-Site: cross-site')), 403, scheme);
  }
});

test('methods that change nothing pass, for that is how a browser opens a link', async (t) => {
  const { gateway } = await place(t);
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    for (const fields of FOREIGN) t.is(statusOf(await ask(gateway, `${method} /api/v1/o`, AS_ADA, ...fields)), 200);
  }
});

test('another site has no token made, none revoked, and learns of no route', async (t) => {
  const { gateway } = await place(t);
  const token = await gateway.token();
  for (const request of [
    'POST /api/v1/tokens/',
    'POST /api/v1/tokens',
    'DELETE /api/v1/tokens/',
    'DELETE /api/v1/tokens/current',
    'POST /api/v1/nowhere',
    'POST /api/v1/only-get',
  ]) {
    for (const fields of FOREIGN) {
      t.is(statusOf(await ask(gateway, request, AS_ADA, ...fields)), 403, `${request} ${fields.join('; ')}`);
    }
  }
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, { headers: { authorization: basic(ADA) } });
  t.is(((await answer.json()) as { tokens: unknown[] }).tokens.length, 1);
  t.is(statusOf(await ask(gateway, 'POST /api/v1/o', `Authorization: Bearer ${token}`)), 200);
});

test('what another site sends is refused before anybody has proven anything, good credentials or bad', async (t) => {
  const { gateway } = await place(t, { accounts: { passwordCost: 4, throttle: { perAddressAndAccount: 2 } } });
  const wrong = { ...ADA, password: 'wrong' };
  for (const who of [ADA, wrong, wrong, wrong, wrong, BOB, { email: 'nobody@example.com', password: 'x' }]) {
    t.is(statusOf(await ask(gateway, 'POST /api/v1/o', authorization(who), `Origin: ${EVIL}`)), 403);
  }
  t.is(statusOf(await ask(gateway, 'POST /api/v1/o', 'Authorization: Basic !', `Origin: ${EVIL}`)), 403);
  t.is(statusOf(await ask(gateway, 'POST /api/v1/o', `Origin: ${EVIL}`)), 401, 'without credentials');
  t.is(statusOf(await ask(gateway, 'POST /api/v1/o', AS_ADA)), 200, 'no try was taken');
});

test('two lines of Sec-Fetch-Site are refused, whichever of them says that it is the own site', async (t) => {
  const { gateway, upstream } = await place(t);
  const [own, foreign] = ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'];
  t.is(statusOf(await ask(gateway, 'POST /api/v1/o', AS_ADA, own, foreign)), 400);
  t.is(statusOf(await ask(gateway, 'POST /api/v1/o', AS_ADA, foreign, own)), 400);
  t.deepEqual(upstream.seen, []);
});

test('a route whose cors names the origin takes its requests, and those of no other', async (t) => {
  const { gateway, upstream } = await place(t);
  const site = 'Sec-Fetch-Site: cross-site';
  for (const fields of [
    [`Origin: ${APP}`],
    [`Origin: ${APP}`, site],
    [`Origin: ${APP}`, site, 'Sec-Fetch-Mode: cors'],
  ]) {
    t.is(statusOf(await ask(gateway, 'POST /api/v1/app', AS_ADA, ...fields)), 200, fields.join('; '));
    t.is(statusOf(await ask(gateway, 'POST /api/v1/o', AS_ADA, ...fields)), 403);
    t.is(statusOf(await ask(gateway, 'POST /api/v1/tokens/', AS_ADA, ...fields)), 403);
  }
  const { length } = upstream.seen;
  for (const fields of [
    [site],
    [site, `Origin: ${EVIL}`],
    [`Origin: ${EVIL}`],
    ['Origin: null'],
    [`Origin: ${APP}.evil.example`],
  ]) {
    t.is(statusOf(await ask(gateway, 'POST /api/v1/app', AS_ADA, ...fields)), 403, fields.join('; '));
  }
  t.is(upstream.seen.length, length);
  t.is(statusOf(await ask(gateway, 'PUT /api/v1/app', AS_ADA, `Origin: ${APP}`)), 405, 'which its page may read');
});

test('a route that is open to the scripts of any page is not open to their forms', async (t) => {
  const { gateway } = await place(t);
  const from = [`Origin: ${EVIL}`, 'Sec-Fetch-Site: cross-site'];
  t.is(statusOf(await ask(gateway, 'POST /api/v1/any', AS_ADA, ...from, 'Sec-Fetch-Mode: cors')), 200);
  t.is(statusOf(await ask(gateway, 'POST /api/v1/any', AS_ADA, ...from)), 200);
  for (const mode of ['navigate', 'no-cors', 'same-origin']) {
    t.is(statusOf(await ask(gateway, 'POST /api/v1/any', AS_ADA, ...from, `Sec-Fetch-Mode: ${mode}`)), 403, mode);
  }
});

test('behind a trusted proxy the own origin is what the proxy says, and of others the claim counts for nothing', async (t) => {
  const says = (host: string, proto: string) => [`X-Forwarded-Host: ${host}`, `X-Forwarded-Proto: ${proto}`];
  const { gateway } = await place(t, { trustedProxies: ['127.0.0.1'] });
  const status = async (...fields: string[]) => statusOf(await ask(gateway, 'POST /api/v1/o', AS_ADA, ...fields));
  for (const [origin, host, proto] of [
    ['https://public.example', 'public.example', 'https'],
    ['https://public.example', 'public.example:443', 'https'],
    ['https://public.example', 'Public.Example, inner.example', 'https, http'],
    ['https://public.example:8443', 'public.example:8443', 'https'],
    ['http://public.example', 'public.example', 'http'],
  ] as const) {
    t.is(await status(`Origin: ${origin}`, ...says(host, proto)), 200, `${origin} ${host} ${proto}`);
  }
  t.is(await status('Origin: http://public.example', ...says('public.example', 'https')), 403, 'over plain http');
  t.is(await status('Origin: http://api.test', ...says('public.example', 'http')), 403);
  t.is(await status(`Origin: ${EVIL}`, ...says('public.example', 'https')), 403);
  t.is(await status('Origin: https://api.test', 'X-Forwarded-Proto: https'), 200, 'a proxy that keeps Host');
  t.is(await status('Origin: https://public.example', ...says('public.example', 'wss')), 200, 'as Traefik says it');

  const forwarded = 'Forwarded: for=6.6.6.6;host=evil.example, for=203.0.113.7;host="public.example";proto=https';
  t.is(await status('Origin: https://public.example', forwarded), 200, 'a proxy that writes Forwarded alone');
  for (const origin of [EVIL, 'http://public.example', 'http://api.test']) {
    t.is(await status(`Origin: ${origin}`, forwarded), 403, origin);
  }
  t.is(await status(`Origin: ${EVIL}`, ...says('public.example', 'https'), 'Forwarded: host=evil.example'), 403);

  const { gateway: direct } = await place(t);
  const claimed = await ask(direct, 'POST /api/v1/o', AS_ADA, `Origin: ${EVIL}`, ...says('evil.example', 'https'));
  t.is(statusOf(claimed), 403);
  t.is(
    statusOf(
      await ask(direct, 'POST /api/v1/o', AS_ADA, `Origin: ${EVIL}`, 'Forwarded: host=evil.example;proto=https'),
    ),
    403,
  );
});

test('a WebSocket of another site is refused where a browser may have added the credentials', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'ws', path: '/api/v1/ws', upstream: upstream.url },
      { name: 'app', path: '/api/v1/app', upstream: upstream.url, cors: { origins: [APP] } },
    ],
  });
  const handshake = async (path: string, ...fields: string[]) => {
    const text = [`GET ${path} HTTP/1.1`, 'Host: api.test', ...HANDSHAKE, ...fields];
    const client = await rawClient(gateway.port);
    t.teardown(() => client.socket.destroy());
    client.send(message(text));
    return statusOf(await client.until(/\r\n\r\n/));
  };
  for (const fields of FOREIGN) t.is(await handshake('/api/v1/ws', AS_ADA, ...fields), 403, fields.join('; '));
  t.deepEqual(upstream.seen, []);
  for (const fields of OWN) t.is(await handshake('/api/v1/ws', AS_ADA, ...fields), 101, fields.join('; '));
  t.is(await handshake('/api/v1/app', AS_ADA, `Origin: ${APP}`, 'Sec-Fetch-Site: cross-site'), 101);
  t.is(await handshake('/api/v1/app', AS_ADA, `Origin: ${EVIL}`), 403);
  const bearer = `Authorization: Bearer ${await gateway.token()}`;
  t.is(await handshake('/api/v1/ws', bearer, `Origin: ${EVIL}`, 'Sec-Fetch-Site: cross-site'), 101);
});

test('a route that is open to anybody has nothing to do with this', async (t) => {
  const { gateway } = await place(t);
  t.is(statusOf(await ask(gateway, 'POST /site', AS_ADA, `Origin: ${EVIL}`, 'Sec-Fetch-Site: cross-site')), 200);
});

async function place(
  t: ExecutionContext,
  settings: Record<string, unknown> = {},
): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t);
  const to = { upstream: upstream.url };
  const gateway = await testGateway(t, {
    ...settings,
    routes: [
      { name: 'o', path: '/api/v1/o', ...to },
      { name: 'only-get', path: '/api/v1/only-get', methods: ['GET'], ...to },
      { name: 'app', path: '/api/v1/app', methods: ['GET', 'POST'], cors: { origins: [APP] }, ...to },
      { name: 'any', path: '/api/v1/any', cors: { origins: '*' }, ...to },
      { name: 'site', path: '/site', auth: 'none', ...to },
    ],
  });
  return { gateway, upstream };
}

function ask(gateway: TestGateway, line: string, ...fields: string[]): Promise<string> {
  return rawExchange(
    gateway.port,
    message([`${line} HTTP/1.1`, 'Host: api.test', ...fields, 'Content-Length: 0', 'Connection: close']),
  );
}
