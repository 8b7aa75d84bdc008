import test from 'ava';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

test('everything but routes has a default, durations in milliseconds', (t) => {
  t.deepEqual(settingsOf(t, ROUTES), {
    listen: { fastPath: true, proxyProtocol: false },
    ops: { console: false },
    trustedProxies: [],
    workers: 1,
    database: { url: { kind: 'sqlite', file: 'data/gatehouse.sqlite' }, timeout: 2_000 },
    redis: { url: null, keyPrefix: 'gatehouse:', timeout: 500 },
    api: { prefix: '/api/v1', realm: 'api' },
    tokens: { secrets: [], lifetime: 3_600_000, maxLifetime: 2_592_000_000, maxPerAccount: 1_000, maxStaleness: 2_000 },
    accounts: {
      cache: 5_000,
      registration: 'closed',
      throttle: { window: 900_000, perAddressAndAccount: 10, perAddress: 100 },
      passwordCost: 12,
      allowWeakHashes: false,
    },
    scopes: {},
    identity: { scopes: false, groups: false, email: false },
    pages: {
      enabled: true,
      path: '/account',
      name: 'Gatehouse',
      colour: '#1f5f8b',
      session: { lifetime: 43_200_000 },
    },
    mail: { url: null, from: { name: 'Gatehouse', address: 'no-reply@localhost' }, perAddress: 5 },
    timeouts: { connect: 3_000, firstByte: 60_000, idle: 60_000, headers: 10_000 },
    webSockets: { max: 10_000, maxPerClient: 1_000, idle: 3_600_000 },
    shutdown: { delay: 0, timeout: 10_000 },
    watch: false,
    limits: {},
    upstreams: {},
    log: { level: 'info', format: 'auto' },
    tracing: { url: null, sample: 0.01, name: 'gatehouse', headers: {} },
    routes: [
      {
        name: 'orders',
        path: '/api/v1/orders',
        upstream: ['http://127.0.0.1:9000'],
        auth: 'required',
        limits: [],
        websocketToken: false,
        passAuthorization: false,
        preserveHost: false,
        allowEncodedSlashes: false,
        requireLength: false,
        timeouts: {},
      },
    ],
  });
});

test('the defaults of database, Redis and token secrets come from the environment', (t) => {
  const secret = 'x'.repeat(32);
  const env = { DATABASE_URL: 'sqlite:/var/lib/x', REDIS_URL: 'redis://cache:6379', TOKEN_SECRET: secret };
  const { database, redis, tokens } = settingsOf(t, ROUTES, env);
  t.deepEqual(database.url, { kind: 'sqlite', file: '/var/lib/x' });
  t.like(redis.url, { form: { kind: 'single' }, nodes: [{ host: 'cache', port: 6379 }] });
  t.deepEqual(tokens.secrets, [secret]);
});

test('a default from the environment that is wrong is blamed on its variable, which is not repeated', (t) => {
  const [problem, ...rest] = problemsOf(ROUTES, { DATABASE_URL: 'mongodb://u:hunter2@host/x' });
  t.deepEqual(rest, []);
  t.is(problem?.at, '1:1 database.url');
  t.regex(problem?.message ?? '', /DATABASE_URL.*sqlite:PATH, mysql:\/\//);
  t.notRegex(problem?.message ?? '', /hunter2/);
});

test('the parts of a MySQL address are percent-decoded, and its port may be left out', (t) => {
  const text = `database: { url: "mysql://gate%40house:p%3A%2F%40@[::1]/na%20me" }\n${ROUTES}`;
  t.deepEqual(settingsOf(t, text, { TOKEN_SECRET: 'x'.repeat(32) }).database.url, {
    kind: 'mysql',
    host: '::1',
    port: 3306,
    user: 'gate@house',
    password: 'p:/@',
    database: 'na me',
  });
});

test('the parts of a PostgreSQL address are percent-decoded, and may name a schema and a Unix socket', (t) => {
  const locationOf = (url: string) =>
    settingsOf(t, `database: { url: "${url}" }\n${ROUTES}`, { TOKEN_SECRET: 'x'.repeat(32) }).database.url;
  const location = {
    kind: 'postgres',
    host: '::1',
    port: 5433,
    user: 'gate@house',
    password: 'p:/@',
    database: 'na me',
    schema: 'app',
    sslmode: 'verify-full',
  };
  t.deepEqual(
    locationOf('postgresql://gate%40house:p%3A%2F%40@[::1]:5433/na%20me?sslmode=verify-full&schema=app'),
    location,
  );
  const socket = { ...location, host: '/run/postgresql', port: 5432, schema: null, sslmode: null };
  t.deepEqual(locationOf('postgres://gate%40house:p%3A%2F%40@/na%20me?host=/run/postgresql'), socket);
  t.deepEqual(locationOf('postgres://gate%40house:p%3A%2F%40@%2Frun%2Fpostgresql/na%20me'), socket);
  t.deepEqual(locationOf('postgres://gate%40house:p%3A%2F%40@:5433/na%20me?host=/run/postgresql'), {
    ...socket,
    port: 5433,
  });
});

test('every unit of a duration is understood', (t) => {
  const text = `timeouts: { connect: 250ms, firstByte: 30s, idle: 5m, headers: 1h }\ntokens: { maxLifetime: 2d }\n${ROUTES}`;
  const { timeouts, tokens } = settingsOf(t, text);
  t.deepEqual(timeouts, { connect: 250, firstByte: 30_000, idle: 300_000, headers: 3_600_000 });
  t.is(tokens.maxLifetime, 172_800_000);
});

test('a list may be written as its only item', (t) => {
  const text = `trustedProxies: ::1\ntokens: { secrets: "${'s'.repeat(32)}" }\nroutes:\n  - { name: a, path: /a, upstream: http://x, methods: GET }\n`;
  const { trustedProxies, tokens, routes } = settingsOf(t, text);
  t.deepEqual(trustedProxies, ['::1']);
  t.deepEqual(tokens.secrets, ['s'.repeat(32)]);
  t.deepEqual([routes[0]?.upstream, routes[0]?.methods], [['http://x'], ['GET']]);
});

test('anchors, aliases and merge keys are followed', (t) => {
  const text = `routes:
  - &first { name: a, path: /a, upstream: &to [http://x, http://y], preserveHost: true }
  - { name: b, path: /b, upstream: *to }
  - { <<: *first, name: c, path: /c }
`;
  const { routes } = settingsOf(t, text);
  t.deepEqual(
    routes.map(({ name, upstream, preserveHost }) => [name, upstream?.length, preserveHost]),
    [
      ['a', 2, true],
      ['b', 2, false],
      ['c', 2, true],
    ],
  );
});
