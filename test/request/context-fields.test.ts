import test, { type ExecutionContext } from 'ava';
import { authorization, fieldsOf, message } from '../hostile/message.ts';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange } from '../support/http/raw.ts';

async function place(
  t: ExecutionContext,
  trustedProxies: string[] = [],
): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    trustedProxies,
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
      { name: 'kept', path: '/api/v1/kept', upstream: upstream.url, passAuthorization: true, preserveHost: true },
    ],
  });
  return { gateway, upstream };
}

function get(gateway: TestGateway, path: string, ...fields: string[]): Promise<string> {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: api.example.com', authorization(ADA), ...fields, 'Connection: close'];
  return rawExchange(gateway.port, message(lines));
}

test('a request id of the client is passed on, answered and logged', async (t) => {
  const { gateway, upstream } = await place(t);
  const answer = await get(gateway, '/api/v1/o', 'X-Request-Id: a.b:c+d=e@f/g-1');
  t.deepEqual(fieldsOf(answer, 'X-Request-Id'), ['a.b:c+d=e@f/g-1']);
  t.deepEqual(upstream.seen[0]?.values('x-request-id'), ['a.b:c+d=e@f/g-1']);
  t.is((await gateway.logged(({ id }) => id === 'a.b:c+d=e@f/g-1')).status, 200);
  const refused = await fetch(`${gateway.url}/api/v1/o`, { headers: { 'X-Request-Id': 'mine' } });
  t.is(refused.headers.get('x-request-id'), 'mine');
});

test('a request id that is missing, too long or not of plain characters is made anew, and is the same everywhere', async (t) => {
  const { gateway, upstream } = await place(t);
  for (const fields of [
    [],
    ['X-Request-Id:'],
    ['X-Request-Id: a b'],
    [`X-Request-Id: ${'x'.repeat(129)}`],
    ['X-Request-Id: <a>'],
    ['X_Request_Id: other'],
  ]) {
    const [id = '', ...more] = fieldsOf(await get(gateway, '/api/v1/o', ...fields), 'X-Request-Id');
    t.deepEqual(more, []);
    t.regex(id, /^[\da-f]{32}$/);
    const seen = upstream.seen.at(-1);
    t.deepEqual(seen?.values('x-request-id'), [id]);
    t.deepEqual(seen?.values('x_request_id'), []);
  }
});

test('a trace is carried on or begun, and where a request came from is what the connection says', async (t) => {
  const { gateway, upstream } = await place(t);
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await get(
    gateway,
    '/api/v1/o',
    `traceparent: ${trace}`,
    'tracestate: a=1',
    'X-Forwarded-For: 1.1.1.1',
    'X-Forwarded-Proto: https',
  );
  await get(gateway, '/api/v1/o', 'traceparent: nonsense');
  const [first, second] = upstream.seen;
  t.deepEqual(first?.values('traceparent'), [trace]);
  t.deepEqual(first?.values('tracestate'), ['a=1']);
  t.deepEqual(first?.values('x-forwarded-for'), ['127.0.0.1']);
  t.deepEqual(first?.values('x-forwarded-proto'), ['http']);
  t.deepEqual(first?.values('x-forwarded-host'), ['api.example.com']);
  t.regex(second?.values('traceparent').join() ?? '', /^00-[\da-f]{32}-[\da-f]{16}-01$/);
});

test('a proxy in trustedProxies is believed, and its own address is added', async (t) => {
  for (const [trusted, expected] of [
    [['127.0.0.0/8'], ['1.1.1.1, 127.0.0.1', 'https', 'shop.example.com']],
    [['127.0.0.1'], ['1.1.1.1, 127.0.0.1', 'https', 'shop.example.com']],
    [
      ['10.0.0.0/8', '2001:db8::/32'],
      ['127.0.0.1', 'http', 'api.example.com'],
    ],
  ] as const) {
    const { gateway, upstream } = await place(t, [...trusted]);
    await get(
      gateway,
      '/api/v1/o',
      ...[
        'X_Forwarded_Host: evil',
        'X-Forwarded-For: 1.1.1.1',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: shop.example.com',
      ],
    );
    const fields = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];
    t.deepEqual(
      fields.map((name) => upstream.seen[0]?.values(name)),
      expected.map((value) => [value]),
      trusted.join(),
    );
    t.deepEqual(upstream.seen[0]?.values('x_forwarded_host'), []);
  }
});

test("cookies pass but for the gateway's own", async (t) => {
  const { gateway, upstream } = await place(t);
  await get(
    gateway,
    '/api/v1/o',
    'Cookie: a=b; gatehouse_session=x; __Host-gatehouse_session=y; c=d',
    'Cookie: gatehouse_session=z',
  );
  t.deepEqual(upstream.seen[0]?.values('cookie'), ['a=b; c=d']);
});

test('Authorization and Host reach the upstream only where the route says so', async (t) => {
  const { gateway, upstream } = await place(t);
  await get(gateway, '/api/v1/o');
  await get(gateway, '/api/v1/kept');
  const [other, kept] = upstream.seen;
  t.deepEqual(other?.values('authorization'), []);
  t.deepEqual(other?.values('host'), [`127.0.0.1:${upstream.port}`]);
  t.deepEqual(kept?.values('authorization'), [basic(ADA)]);
  t.deepEqual(kept?.values('host'), ['api.example.com']);
  t.deepEqual(kept?.values('x-user-id'), ['1']);
});

test('nothing secret of a request stands in the log', async (t) => {
  const { gateway } = await place(t);
  await get(gateway, '/api/v1/o?secret=hunter2', 'Cookie: s=hunter2', 'X-Request-Id: looked-for');
  await gateway.logged(({ id }) => id === 'looked-for');
  const all = JSON.stringify(gateway.log);
  for (const secret of ['hunter2', ADA.password, basic(ADA)]) t.false(all.includes(secret), secret);
});
