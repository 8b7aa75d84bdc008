import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { overAll, requestText, routeOver, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { readList } from '../../support/http/structured-fields.ts';
import { HANDSHAKE, webSocketUpstream } from '../../support/http/websocket.ts';
import { valuesOf as metricValues } from '../../support/reports/exposition.ts';
import { scrape } from '../../support/reports/scrape.ts';

const ME = `Authorization: ${basic(ADA)}`;
const HOUR = { requests: 3, per: '1h', by: 'account' };

function ask(gateway: TestGateway, path: string, ...fields: string[]): Promise<string> {
  return rawExchange(gateway.port, requestText(`GET ${path}`, ['Connection: close', ...fields]));
}

/** The values of both fields of an answer, each once; the seconds of `t` are checked and left out. */
function limitsOf(t: ExecutionContext, answer: string, within = 1_200): unknown {
  const [policy, ...more] = valuesOf(answer, 'ratelimit-policy');
  const [state, ...others] = valuesOf(answer, 'ratelimit');
  t.deepEqual([...more, ...others], []);
  if (policy === undefined || state === undefined) return null;
  return [
    readList(policy).map(({ text, parameters: { q, w } }) => [text, q, w]),
    readList(state).map(({ text, parameters: { r, t: seconds } }) => {
      if (seconds !== undefined) t.true(seconds >= 1 && seconds <= within, state);
      return [text, r];
    }),
  ];
}

overAll(
  'each answer says what is left, in place of the upstream, and beyond it there is a 429',
  async (t, transport) => {
    const upstream = await httpUpstream(t, (_, res) => {
      res.setHeader('RateLimit', '"theirs";r=1000');
      res.setHeader('RATELIMIT-policy', '"theirs";q=1000');
      res.setHeader('RateLimit-Remaining', '1000');
      res.setHeader('X-RateLimit-Remaining', '7');
      res.end('ok');
    });
    const gateway = await testGateway(t, {
      listen: { fastPath: transport !== 'undici' },
      limits: { 'a "b" \\': HOUR, wide: { requests: 1_000, per: '10d', by: 'account' } },
      routes: [
        {
          name: 'orders',
          path: '/api/v1/orders',
          upstream: upstream.url,
          limits: ['a "b" \\', 'wide'],
          headers: { response: { set: { 'X-Service': 'orders' } } },
          ...routeOver(transport),
        },
      ],
    });
    const policy = [
      ['a "b" \\', 3, 3_600],
      ['wide', 1_000, 864_000],
    ];
    for (const left of [2, 1, 0]) {
      const answer = await ask(gateway, '/api/v1/orders', ME);
      t.is(statusOf(answer), 200);
      t.deepEqual(limitsOf(t, answer), [
        policy,
        [
          ['a "b" \\', left],
          ['wide', 997 + left],
        ],
      ]);
      t.deepEqual(valuesOf(answer, 'ratelimit-remaining'), []);
      t.deepEqual(valuesOf(answer, 'x-ratelimit-remaining'), ['7']);
      t.deepEqual(valuesOf(answer, 'x-service'), ['orders']);
    }
    const refused = await ask(gateway, '/api/v1/orders', ME);
    t.is(statusOf(refused), 429);
    t.true(refused.endsWith('{"error":"too_many_requests","message":"Rate limit reached"}'));
    // What one limit refuses uses nothing of the other.
    t.deepEqual(limitsOf(t, refused), [
      policy,
      [
        ['a "b" \\', 0],
        ['wide', 997],
      ],
    ]);
    const [wait = ''] = valuesOf(refused, 'retry-after');
    t.regex(wait, /^\d+$/);
    t.true(Number(wait) >= 1 && Number(wait) <= 1_200, wait);
    t.is(upstream.seen.length, 3);
    const line = await gateway.logged(({ status }) => status === 429);
    t.like(line, { error: 'too_many_requests', fault: 'client', account: '1', route: 'orders' });
    t.is(line.detail, 'limit "a \\"b\\" \\\\" reached');
  },
);

test('what is not counted: refusals, preflights, and other routes; what is: failures of the upstream', async (t) => {
  const upstream = await httpUpstream(t);
  const broken = await tcpUpstream(t, (socket) => socket.destroy());
  const gateway = await testGateway(t, {
    limits: { hour: HOUR },
    routes: [
      { name: 'broken', path: '/api/v1/broken', upstream: broken.url, limits: 'hour', methods: ['GET', 'OPTIONS'] },
      {
        name: 'orders',
        path: '/api/v1/orders',
        upstream: upstream.url,
        limits: 'hour',
        maxBody: '1b',
        cors: { origins: 'https://a.example' },
      },
      { name: 'free', path: '/api/v1/free', upstream: upstream.url },
    ],
  });
  for (const [request, status] of [
    [requestText('GET /api/v1/orders', ['Connection: close']), 401],
    [requestText('GET /api/v1/orders', ['Connection: close', `Authorization: ${basic(BOB)}`]), 403],
    [requestText('DELETE /api/v1/broken', ['Connection: close', ME]), 405],
    [requestText('GET /api/v1/nothing', ['Connection: close', ME]), 404],
    [
      requestText('OPTIONS /api/v1/orders', [
        'Connection: close',
        'Origin: https://a.example',
        'Access-Control-Request-Method: GET',
      ]),
      204,
    ],
    [requestText('GET /api/v1/free', ['Connection: close', ME]), 200],
  ] as const) {
    const answer = await rawExchange(gateway.port, request);
    t.is(statusOf(answer), status, request);
    t.is(limitsOf(t, answer), null, request);
  }
  const failed = await ask(gateway, '/api/v1/broken', ME);
  t.is(statusOf(failed), 502);
  t.deepEqual(limitsOf(t, failed), [[['hour', 3, 3_600]], [['hour', 2]]]);
  const tooLong = await rawExchange(
    gateway.port,
    requestText('POST /api/v1/orders', ['Connection: close', ME, 'Content-Length: 2'], 'ab'),
  );
  t.is(statusOf(tooLong), 413);
  t.deepEqual(limitsOf(t, tooLong), [[['hour', 3, 3_600]], [['hour', 1]]]);
  // A request to go no further is answered by the gateway, for the route.
  const last = await rawExchange(
    gateway.port,
    requestText('OPTIONS /api/v1/broken', ['Connection: close', ME, 'Max-Forwards: 0']),
  );
  t.is(statusOf(last), 204);
  t.deepEqual(limitsOf(t, last), [[['hour', 3, 3_600]], [['hour', 0]]]);
  // Both routes name the limit, and count together.
  t.is(statusOf(await ask(gateway, '/api/v1/orders', ME)), 429);
  const page = await ask(gateway, '/api/v1/orders', ME, 'Origin: https://a.example');
  t.is(statusOf(page), 429);
  t.deepEqual(valuesOf(page, 'access-control-allow-origin'), ['https://a.example']);
  const refused = metricValues(await scrape(gateway), 'gatehouse_limited_total');
  t.deepEqual(refused, { 'limit="hour",route="broken"': 0, 'limit="hour",route="orders"': 2 });
});

test('an account, a token and an address are counted apart, and a password by its account', async (t) => {
  const upstream = await httpUpstream(t);
  const route = (by: string, more: object = {}) => ({
    name: by,
    path: `/api/v1/${by}`,
    upstream: upstream.url,
    limits: [by],
    ...more,
  });
  const limit = (by: string) => ({ requests: 1, per: '1h', by });
  const gateway = await testGateway(t, {
    trustedProxies: ['127.0.0.1'],
    limits: { account: limit('account'), token: limit('token'), address: limit('address') },
    routes: [route('account'), route('token'), { ...route('address'), path: '/open', auth: 'none' }],
  });
  const [first, second] = [await gateway.token(), await gateway.token()].map(
    (token) => `Authorization: Bearer ${token}`,
  );
  const statuses = async (path: string, ...askers: (string | undefined)[]) => {
    const found: number[] = [];
    for (const field of askers) found.push(statusOf(await ask(gateway, path, field ?? '')));
    return found;
  };
  t.deepEqual(await statuses('/api/v1/account', first, second, ME), [200, 429, 429]);
  t.deepEqual(await statuses('/api/v1/token', first, second, ME, ME, first, second), [200, 200, 200, 429, 429, 429]);
  const from = (address: string) => `X-Forwarded-For: ${address}`;
  t.deepEqual(
    await statuses(
      '/open',
      ...['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.1', '2001:db8::1', '2001:db8::2:1', '2001:db8:0:1::1'].map(from),
    ),
    [200, 200, 429, 200, 429, 200],
  );
});

test('a limit of none answers 403, which names nothing, and takes nothing of the others', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    limits: { closed: { requests: 0, per: '1d', by: 'account' }, hour: HOUR },
    routes: [
      { name: 'closed', path: '/api/v1/closed', upstream: upstream.url, limits: ['hour', 'closed'] },
      { name: 'orders', path: '/api/v1/orders', upstream: upstream.url, limits: ['hour'] },
    ],
  });
  const refused = await ask(gateway, '/api/v1/closed', ME);
  t.is(statusOf(refused), 403);
  t.true(refused.endsWith('{"error":"forbidden","message":"Not allowed"}'));
  t.deepEqual(limitsOf(t, refused), [
    [
      ['hour', 3, 3_600],
      ['closed', 0, 86_400],
    ],
    [['closed', 0]],
  ]);
  t.is((await gateway.logged(({ status }) => status === 403)).detail, 'the limit "closed" allows no requests');
  t.deepEqual(limitsOf(t, await ask(gateway, '/api/v1/orders', ME)), [[['hour', 3, 3_600]], [['hour', 2]]]);
  t.is(upstream.seen.length, 1);
});

test('a WebSocket handshake counts once, and its answer says so, taken or refused', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    limits: { hour: { ...HOUR, requests: 2 } },
    routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url, limits: 'hour' }],
  });
  for (const [left, status] of [
    [1, 101],
    [0, 101],
    [0, 429],
  ] as const) {
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, ME]));
    const answer = await client.until(/\r\n\r\n/);
    client.socket.destroy();
    t.is(statusOf(answer), status);
    t.deepEqual(limitsOf(t, answer, 1_800), [[['hour', 2, 3_600]], [['hour', left]]]);
  }
  t.is(upstream.seen.length, 2);
});
