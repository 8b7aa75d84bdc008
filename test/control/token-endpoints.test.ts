import test, { type ExecutionContext } from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

function place(t: ExecutionContext): Promise<TestGateway> {
  return testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }] });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(
  gateway: TestGateway,
  method: string,
  path: string,
  authorization?: string,
  body?: string,
): Promise<Answer> {
  const answer = await fetch(gateway.url + path, {
    method,
    headers: authorization === undefined ? {} : { Authorization: authorization },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) };
}

test('a password buys a token, with and without the last slash, and with a name and a life of its choice', async (t) => {
  const gateway = await place(t);
  for (const [path, body, expiration] of [
    ['/api/v1/tokens/', undefined, 3600],
    ['/api/v1/tokens', '', 3600],
    ['/api/v1/tokens?x=y', '{}', 3600],
    ['/api/v1/tokens/', '{"name":"ci","expiration":600}', 600],
    ['/api/v1/tokens/', '{"expiration":1}', 1],
    ['/api/v1/tokens/', '{"expiration":2592000}', 2_592_000],
    ['/api/v1/tokens/', ' {"name":null}\n', 3600],
  ] as const) {
    const { status, headers, body: given } = await ask(gateway, 'POST', path, basic(ADA), body);
    t.is(status, 200, body);
    t.deepEqual(Object.keys(given), ['token', 'expiration']);
    t.is(given.expiration, expiration);
    t.is(headers.get('cache-control'), 'no-store');
    t.truthy(headers.get('x-request-id'));
  }
});

test('a token cannot buy a token', async (t) => {
  const gateway = await place(t);
  const token = await gateway.token();
  for (const authorization of [`Bearer ${token}`, basic({ email: token, password: '' })]) {
    for (const body of [undefined, '{"expiration":600}', 'nonsense']) {
      const { status, body: error, headers } = await ask(gateway, 'POST', '/api/v1/tokens/', authorization, body);
      t.is(status, 401);
      t.deepEqual(error, { error: 'unauthorized', message: 'Invalid credentials' });
      const bearer = authorization.startsWith('Bearer') ? ', Bearer realm="api", error="invalid_token"' : '';
      t.is(headers.get('www-authenticate'), `Basic realm="api", charset="UTF-8"${bearer}`);
    }
  }
});

test('who may not pass hears 401 or 403, and nothing of what endpoints there are', async (t) => {
  const gateway = await place(t);
  for (const [method, path] of [
    ['POST', '/api/v1/tokens'],
    ['GET', '/api/v1/tokens/'],
    ['PATCH', '/api/v1/tokens/'],
    ['GET', '/api/v1/tokens/none/such'],
  ] as const) {
    t.is((await ask(gateway, method, path)).status, 401);
    t.is((await ask(gateway, method, path, basic({ ...ADA, password: 'x' }))).status, 401);
    t.is((await ask(gateway, method, path, basic(BOB))).status, 403);
  }
});

test('a body that is not of the documented form is refused, and the answer says what would be right', async (t) => {
  const gateway = await place(t);
  const refused: [string, RegExp][] = [
    ['{', /not valid JSON/],
    ["{'name':'ci'}", /not valid JSON/],
    ['name=ci', /not valid JSON/],
    ['\u00a0', /not valid JSON/],
    ['[]', /JSON object/],
    ['null', /JSON object/],
    ['"ci"', /JSON object/],
    ['600', /JSON object/],
    ['{"nmae":"ci"}', /keys name, expiration and addresses/],
    ['{"name":"ci","expires":600}', /keys name, expiration and addresses/],
    ['{"expiration":0,"name":1,"expires":600}', /keys name, expiration and addresses/],
    ['{"__proto__":{"expiration":1}}', /keys name, expiration and addresses/],
    ...['0', '-1', '1.5', '"600"', 'null', 'true', '[600]', '2592001', '1e999', '9007199254740993'].map(
      (value): [string, RegExp] => [
        `{"expiration":${value}}`,
        /^expiration must be a whole number of seconds from 1 to 2592000$/,
      ],
    ),
    ...['1', '{}', '[]', 'true', `"${'n'.repeat(101)}"`, '"a\\u0000b"', '"a\\nb"', '"\\ud800"'].map(
      (value): [string, RegExp] => [`{"name":${value}}`, /^name must be text of at most 100 characters/],
    ),
  ];
  for (const [body, message] of refused) {
    const answer = await ask(gateway, 'POST', '/api/v1/tokens/', basic(ADA), body);
    t.is(answer.status, 400, body);
    t.is(answer.body.error, 'bad_request');
    t.regex(String(answer.body.message), message, body);
  }
  t.deepEqual((await ask(gateway, 'GET', '/api/v1/tokens/', basic(ADA))).body, { tokens: [] });
});

test('a body that is not UTF-8 is refused', async (t) => {
  const gateway = await place(t);
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'POST',
    headers: { Authorization: basic(ADA) },
    body: Buffer.from('{"name":"\xe4"}', 'latin1'),
  });
  t.is(answer.status, 400);
});

test('a body of more than 16 KiB is refused with 413, and one of just as much is read', async (t) => {
  const gateway = await place(t);
  const padded = (size: number) => '{}'.padEnd(size);
  t.is((await ask(gateway, 'POST', '/api/v1/tokens/', basic(ADA), padded(16_384))).status, 200);
  const answer = await ask(gateway, 'POST', '/api/v1/tokens/', basic(ADA), padded(16_385));
  t.is(answer.status, 413);
  t.like(answer.body, { error: 'payload_too_large', message: 'The request body is longer than 16384 bytes' });
});

test("the list shows an account's own live tokens, and never a token itself", async (t) => {
  const gateway = await place(t);
  const eve = { email: 'eve@example.com', password: 'eve' };
  await gateway.accounts.add({ email: eve.email, passwordHash: await hashPassword(eve.password, 4), confirmed: true });
  const before = Date.now();
  const token = await ask(gateway, 'POST', '/api/v1/tokens/', basic(ADA), '{"name":"ci ü","expiration":600}');
  await ask(gateway, 'POST', '/api/v1/tokens/', basic(eve), '{"name":"of another"}');

  for (const authorization of [basic(ADA), `Bearer ${token.body.token}`]) {
    const { status, headers, body } = await ask(gateway, 'GET', '/api/v1/tokens', authorization);
    t.is(status, 200);
    t.is(headers.get('cache-control'), 'no-store');
    const [listed, ...more] = body.tokens as Record<string, string>[];
    t.deepEqual(more, []);
    t.deepEqual(Object.keys(listed ?? {}), ['id', 'name', 'issued_at', 'expires_at']);
    t.is(listed?.name, 'ci ü');
    const [from, to] = [Date.parse(listed?.issued_at ?? ''), Date.parse(listed?.expires_at ?? '')];
    t.is(to - from, 600_000);
    t.true(from > before - 1_000 && from <= Date.now());
    t.false(JSON.stringify(body).includes(String(token.body.token).split('.')[2] ?? ''));
  }
});

test('a method that an endpoint does not take is answered with 405 and Allow, an unknown endpoint with 404', async (t) => {
  const gateway = await place(t);
  const wrong = await ask(gateway, 'PATCH', '/api/v1/tokens/', basic(ADA));
  t.is(wrong.status, 405);
  const allowed = (wrong.headers.get('allow') ?? '').split(', ');
  t.true(['GET', 'HEAD', 'POST'].every((method) => allowed.includes(method)));
  t.false(allowed.includes('PATCH'));
  for (const path of ['/api/v1/tokens/none/such', '/api/v1/tokens/x/.../y']) {
    const unknown = await ask(gateway, 'GET', path, basic(ADA));
    t.is(unknown.status, 404, path);
    t.deepEqual(Object.keys(unknown.body), ['error', 'message']);
  }
});

test('a token is issued to a POST that announces no body, as curl sends it', async (t) => {
  const gateway = await place(t);
  const lines = ['Host: a', `Authorization: ${basic(ADA)}`, 'Connection: close'];
  for (const more of [[], ['Expect: 100-continue'], ['Content-Length: 0'], ['Origin: http://a']]) {
    const request = ['POST /api/v1/tokens/ HTTP/1.1', ...lines, ...more, '', ''].join('\r\n');
    const answer = (await rawExchange(gateway.port, request)).replace('HTTP/1.1 100 Continue\r\n\r\n', '');
    t.is(statusOf(answer), 200, more.join());
    t.regex(answer, /\{"token":"[\w.-]+","expiration":3600\}$/, more.join());
  }
});
