import test from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { fileScope } from '../../lab/scope.ts';
import { BY_PATH, FOR, statusMeant, told } from '../../support/gateways/decisions.ts';

const scope = fileScope();
let gateway: TestGateway;
const AS_ADA = `Authorization: ${basic(ADA)}`;
const AS_BOB = `Authorization: ${basic(BOB)}`;

test.before(async () => {
  gateway = await testGateway(scope, {
    decisions: { port: 0 },
    routes: [
      { name: 'orders', path: '/api/v1/orders', methods: ['GET', 'POST'] },
      { name: 'passed-on', path: '/api/v1/passed-on', passAuthorization: true },
      { name: 'site', path: '/site', auth: 'none' },
      { name: 'once', path: '/api/v1/once', limits: ['once'] },
    ],
    limits: { once: { requests: 1, per: '1d', by: 'account' } },
  });
});

for (const [door, ask] of Object.entries(BY_PATH)) {
  test(`${door}: a yes is exactly 200, empty, with the user and the id, and no-store last`, async (t) => {
    const yes = await told(gateway, [...ask('GET', '/api/v1/orders/7?x=1'), AS_ADA]);
    t.deepEqual([yes.status, yes.body, yes.of('Content-Length')], [200, '', ['0']]);
    t.deepEqual(yes.of('X-User-Id'), ['1']);
    t.regex(yes.of('X-Request-Id')[0] ?? '', /^[0-9a-f]{32}$/);
    const names = yes.fields.map(([name]) => name).filter((name) => !['Date', 'Connection'].includes(name));
    t.is(names.at(-1), 'Cache-Control');
    t.deepEqual(yes.of('Cache-Control'), ['no-store']);
  });

  test(`${door}: on an open route the user is there, and empty (CVE-2026-30851)`, async (t) => {
    const yes = await told(gateway, [...ask('GET', '/site/page'), 'X-User-Id: 7', AS_ADA]);
    t.deepEqual([yes.status, yes.of('X-User-Id')], [200, ['']]);
  });

  test(`${door}: a no is the answer of the public listener`, async (t) => {
    for (const [method, path, credential, status, error] of [
      ['GET', '/api/v1/orders/7', 'X-Nothing: 1', 401, 'unauthorized'],
      ['GET', '/api/v1/orders/7', AS_BOB, 403, 'forbidden'],
      ['GET', '/api/v1/nothing', AS_ADA, 404, 'not_found'],
      ['GET', '/api/v1/nothing', 'X-Nothing: 1', 401, 'unauthorized'],
      ['PUT', '/api/v1/orders/7', AS_ADA, 405, 'method_not_allowed'],
      ['GET', '/elsewhere', 'X-Nothing: 1', 404, 'not_found'],
    ] as const) {
      const no = await told(gateway, [...ask(method, path), credential]);
      const about = `${method} ${path} ${credential}`;
      t.is(statusMeant(no), status, about);
      t.is((JSON.parse(no.body) as { error: string }).error, error, about);
      if (status === 401) t.regex(no.of('WWW-Authenticate')[0] ?? '', /^Basic /, about);
      if (status === 405) t.deepEqual(no.of('Allow'), ['GET, POST, HEAD'], about);
    }
  });

  test(`${door}: the token endpoints and the pages are no routes`, async (t) => {
    for (const path of ['/api/v1/tokens', '/api/v1/tokens/', '/api/v1/tokens/current', '/account', '/account/login']) {
      for (const credential of [AS_ADA, 'X-Nothing: 1']) {
        t.is(statusMeant(await told(gateway, [...ask('GET', path), credential])), 404, `${path} ${credential}`);
      }
    }
  });

  test(`${door}: without X-Forwarded-For, or with one that ends with no address, nobody is let in`, async (t) => {
    const lines = ask('GET', '/api/v1/orders/7').filter((line) => line !== FOR);
    for (const field of [
      'X-Nothing: 1',
      'X-Forwarded-For:',
      'X-Forwarded-For: unknown',
      'Forwarded: for=203.0.113.7',
    ]) {
      const no = await told(gateway, [...lines, field, AS_ADA]);
      t.is(statusMeant(no), 400, field);
      t.is((JSON.parse(no.body) as { message: string }).message, 'the proxy must send X-Forwarded-For', field);
    }
  });

  test(`${door}: HEAD is answered as GET, without a body`, async (t) => {
    const [line = '', ...rest] = ask('HEAD', '/api/v1/orders/7');
    const lines = [line.replace(/^GET/, 'HEAD'), ...rest];
    const yes = await told(gateway, [...lines, AS_ADA]);
    t.deepEqual([yes.status, yes.of('X-User-Id')], [200, ['1']]);
    const no = await told(gateway, lines);
    t.deepEqual([no.status, no.body], [401, '']);
    t.not(no.of('Content-Length')[0], '0');
  });
}

test('at auth-request, what nginx would make 500 of is a 403, and two fields carry the true answer', async (t) => {
  for (const [path, method, status] of [
    ['/api/v1/orders/7', 'PUT', 405],
    ['/api/v1/nothing', 'GET', 404],
    ['/api/v1/orders/../x', 'GET', 400],
  ] as const) {
    const no = await told(gateway, [...BY_PATH['auth-request'](method, path), AS_ADA]);
    t.deepEqual([no.status, no.of('X-Gatehouse-Status')], [403, [String(status)]]);
    t.deepEqual(no.of('X-Gatehouse-Body'), [no.body]);
  }
  const unauthorized = await told(gateway, BY_PATH['auth-request']('GET', '/api/v1/orders/7'));
  t.deepEqual([unauthorized.status, unauthorized.of('X-Gatehouse-Status')], [401, ['401']]);
});

test('only ext-authz has Envoy remove the credential, unless the route passes it on', async (t) => {
  const removed = async (lines: string[]) =>
    (await told(gateway, [...lines, AS_ADA])).of('x-envoy-auth-headers-to-remove');
  t.deepEqual(await removed(BY_PATH['ext-authz']('GET', '/api/v1/orders')), ['authorization']);
  t.deepEqual(await removed(BY_PATH['ext-authz']('GET', '/api/v1/passed-on')), []);
  t.deepEqual(await removed(BY_PATH['forward-auth']('GET', '/api/v1/orders')), []);
});

test('a route can be named: no path is read, and the method only where the route has methods', async (t) => {
  for (const [door, field] of [
    ['auth-request', 'X-Original-Method'],
    ['forward-auth', 'X-Forwarded-Method'],
  ] as const) {
    const ask = async (route: string, ...fields: string[]) =>
      statusMeant(await told(gateway, [`GET /${door}/@${route} HTTP/1.1`, FOR, ...fields]));
    t.is(await ask('orders', AS_ADA, `${field}: POST`), 200);
    t.is(await ask('orders', AS_ADA, `${field}: POST`, 'X-Original-URI: /..', 'X-Forwarded-Uri: /..'), 200);
    t.is(await ask('orders', AS_ADA, `${field}: PUT`), 405);
    t.is(await ask('orders', AS_ADA), 400);
    t.is(await ask('orders', `${field}: PUT`), 401);
    t.is(await ask('passed-on', AS_ADA), 200);
    t.is(await ask('passed-on', AS_ADA, `${field}: GET`, `${field}: PUT`), 200);
    t.is(await ask('site'), 200);
  }
});

test('the name of a route is taken literally: another one, an encoded one and none are 404', async (t) => {
  for (const door of ['auth-request', 'forward-auth']) {
    for (const path of ['@order', '@ORDERS', '@%6frders', '@orders%00', '@orders/', '@orders/x', '@', '', 'orders']) {
      const no = await told(gateway, [`GET /${door}/${path} HTTP/1.1`, FOR, 'X-Original-Method: GET', AS_ADA]);
      t.is(statusMeant(no), 404, `${door} ${path}`);
    }
  }
  t.is((await told(gateway, ['GET / HTTP/1.1', FOR, AS_ADA])).status, 404);
  t.is((await told(gateway, ['GET /ext-authzapi/v1/orders HTTP/1.1', FOR, AS_ADA])).status, 404);
});

test('the query that Caddy adds to the path of a door has no effect', async (t) => {
  const lines = ['GET /forward-auth/@orders?@site HTTP/1.1', 'X-Forwarded-Method: GET', FOR];
  t.is((await told(gateway, [...lines, AS_ADA])).status, 200);
  t.is((await told(gateway, lines)).status, 401);
});

test('a decision is one line of the log, with the door, the route, and what the client asked for', async (t) => {
  const id = 'logged-decision';
  await told(gateway, [...BY_PATH['forward-auth']('POST', '/api/v1/orders/9?secret=1'), AS_ADA, `X-Request-Id: ${id}`]);
  const line = await gateway.logged((one) => one.id === id);
  const { door, decision, method, path, client, account, status } = line;
  t.deepEqual(
    { door, decision, method, path, client, account, status },
    {
      ...{ door: 'forward-auth', decision: 'orders', method: 'POST', path: '/api/v1/orders/9' },
      ...{ client: '203.0.113.7', account: '1', status: 200 },
    },
  );
});

test('decisions are counted by door, route and outcome, and not as requests', async (t) => {
  await told(gateway, [...BY_PATH['ext-authz']('DELETE', '/api/v1/orders/9'), AS_ADA]);
  await told(gateway, ['GET /forward-auth/@passed-on HTTP/1.1', FOR, AS_ADA]);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  t.regex(metrics, /gatehouse_decisions_total\{door="ext-authz",route="none",outcome="method_not_allowed"\} \d/);
  t.regex(metrics, /gatehouse_decisions_total\{door="forward-auth",route="passed-on",outcome="passed"\} \d/);
  t.notRegex(metrics, /gatehouse_request_duration_seconds_count\{route="passed-on"/);
});

test('on the public listener, a route without upstream is 404, and the doors are too', async (t) => {
  for (const path of ['/api/v1/orders/7', '/site', '/auth-request/@site', '/ext-authz/site', '/forward-auth']) {
    const answer = await fetch(gateway.url + path, { headers: { Authorization: basic(ADA) } });
    t.is(answer.status, 404, path);
    await answer.body?.cancel();
  }
});

test('what the public listener answers with 404, being for decisions alone, counts against no limit', async (t) => {
  for (let times = 0; times < 2; times++) {
    const answer = await fetch(`${gateway.url}/api/v1/once`, { headers: { Authorization: basic(ADA) } });
    t.is(answer.status, 404);
    await answer.body?.cancel();
  }
  const ask = ['GET /forward-auth/@once HTTP/1.1', FOR, AS_ADA];
  t.is((await told(gateway, ask)).status, 200);
  t.is((await told(gateway, ask)).status, 429);
});
