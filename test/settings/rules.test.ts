import test from 'ava';
import { problemsOf, ROUTES } from './problems.ts';

const routes = (...lines: string[]) =>
  `routes:\n${lines.map((line) => `  - { upstream: http://x, ${line} }\n`).join('')}`;
const keysOf = (text: string, env?: NodeJS.ProcessEnv) => problemsOf(text, env).map(({ at }) => at.split(' ')[1]);

test('no route opens what lies within the prefix, in whatever case', (t) => {
  for (const path of ['/api/v1', '/api/v1/open', '/API/v1/open']) {
    t.deepEqual(keysOf(routes(`name: a, path: ${path}, auth: none`)), ['routes[0].auth'], path);
  }
  t.deepEqual(keysOf(`api: { prefix: /x }\n${routes('name: a, path: /x/y, auth: none')}`), ['routes[0].auth']);
});

test('a route beside or above the prefix may be open', (t) => {
  t.deepEqual(
    keysOf(
      routes('name: a, path: /, auth: none', 'name: b, path: /api, auth: none', 'name: c, path: /api/v11, auth: none'),
    ),
    [],
  );
});

test('no route lies over the token endpoint', (t) => {
  t.deepEqual(
    keysOf(
      routes('name: a, path: /api/v1/tokens', 'name: b, path: /api/v1/Tokens/x', 'name: c, path: /api/v1/tokens2'),
    ),
    ['routes[0].path', 'routes[1].path'],
  );
});

test('a prefix is stripped only on a segment boundary of the path', (t) => {
  t.deepEqual(
    keysOf(
      routes(
        'name: a, path: /api/v1/a, stripPrefix: /api/v',
        'name: b, path: /api/v1/b, stripPrefix: /api/v1/b/c',
        'name: c, path: /api/v1/c, stripPrefix: /api/v1/c',
        'name: d, path: /api/v1/d, stripPrefix: /api/v1',
      ),
    ),
    ['routes[0].stripPrefix', 'routes[1].stripPrefix'],
  );
});

test('a path that is wrong hides neither what is stripped from it nor that it opens the prefix, and is not repeated', (t) => {
  const problems = problemsOf(
    routes(
      'name: a, path: /api/v1/a/, stripPrefix: /apu',
      'name: b, path: api/v1/b, stripPrefix: /api/v1',
      'name: c, path: /api/v1/c%20d, stripPrefix: /api/v1, auth: none',
      `name: d, path: "\${HUNTER}", stripPrefix: /api/v1`,
      'name: e, path: 7, stripPrefix: /api/v1',
    ),
    { HUNTER: 'hunter2' },
  );
  t.deepEqual(
    problems.map(({ at }) => at.split(' ')[1]),
    [
      ...['routes[0].path', 'routes[0].stripPrefix', 'routes[1].path', 'routes[2].path', 'routes[2].auth'],
      ...['routes[3].path', 'routes[3].stripPrefix', 'routes[4].path'],
    ],
  );
  t.notRegex(JSON.stringify(problems), /hunter2/);
});

test('names are unique', (t) => {
  const problems = problemsOf(routes('name: a, path: /a', 'name: b, path: /b', 'name: a, path: /c'));
  t.deepEqual(problems, [{ at: '4:33 routes[2].name', message: 'is the name of routes[0] too; must be unique' }]);
});

test('routes share a path when no method goes to both', (t) => {
  t.deepEqual(keysOf(routes('name: a, path: /a, methods: [GET]', 'name: b, path: /a, methods: [POST, PUT]')), []);
});

test('a method that goes to two routes is refused; GET implies HEAD', (t) => {
  const conflict = (first: string, second: string) =>
    problemsOf(routes(`name: a, path: /a, ${first}`, `name: b, path: /a, ${second}`))[0]?.message;
  t.regex(conflict('methods: [GET, PUT]', 'methods: [PUT]') ?? '', /routes\[0\] too, and both take PUT;/);
  t.regex(conflict('methods: [GET]', 'methods: [HEAD]') ?? '', /both take HEAD/);
  t.regex(conflict('auth: required', 'methods: [PUT]') ?? '', /both take PUT/);
  t.regex(conflict('auth: required', 'auth: required') ?? '', /both take every method/);
});

test('a route with methods that are wrong is not compared by them', (t) => {
  t.deepEqual(keysOf(routes('name: a, path: /a, methods: [get]', 'name: b, path: /a')), ['routes[0].methods[0]']);
});

test('an unknown key in a route does not hide its conflicts', (t) => {
  t.deepEqual(keysOf(routes('name: a, path: /api/v1/a, auth: none, hots: 1')), ['routes[0].auth', 'routes[0].hots']);
});

test('paths do not differ by case alone, whatever their methods', (t) => {
  const text = routes('name: a, path: /a/b, methods: [GET]', 'name: b, path: /a/B, methods: [POST]');
  t.deepEqual(keysOf(text), ['routes[1].path']);
  t.regex(problemsOf(text)[0]?.message ?? '', /only by case from the path of routes\[0\], \/a\/b/);
});

test('a token among the protocols of a WebSocket needs origins that are named, and a route that takes it', (t) => {
  const cors = 'cors: { origins: [https://a.b] }';
  for (const [line, message] of [
    ['cors: { origins: "*" }', /^needs named origins/],
    ['methods: [POST]', /^needs cors\.origins|^needs the method GET/],
    [`${cors}, methods: [POST]`, /^needs the method GET/],
    [`${cors}, credentials: [basic, api-key]`, /^needs bearer in credentials/],
    [`${cors}, auth: none`, /^has no effect with auth: none/],
    ['auth: required', /^needs cors\.origins/],
  ] as const) {
    const [problem, ...others] = problemsOf(routes(`name: a, path: /a, websocketToken: true, ${line}`));
    t.regex(problem?.message ?? '', message, line);
    t.deepEqual(others, []);
  }
  t.deepEqual(keysOf(routes(`name: a, path: /a, websocketToken: true, methods: [GET], ${cors}`)), []);
  t.deepEqual(keysOf(routes('name: a, path: /a, websocketToken: true, cors: { origins: x }')), [
    'routes[0].cors.origins',
  ]);
});

test('a database server needs a token secret, SQLite does not', (t) => {
  for (const DATABASE_URL of ['mysql://root@127.0.0.1/x', 'postgres://root@127.0.0.1/x']) {
    const env = { DATABASE_URL };
    t.deepEqual(keysOf(ROUTES, env), ['tokens.secrets']);
    t.deepEqual(keysOf(`tokens: { secrets: ["", ""] }\n${ROUTES}`, env), ['tokens.secrets']);
    t.deepEqual(keysOf(ROUTES, { ...env, TOKEN_SECRET: 'x'.repeat(32) }), []);
  }
  t.deepEqual(keysOf(ROUTES), []);
});

test('the two listeners do not share a port of the same host', (t) => {
  t.deepEqual(keysOf(`listen: { port: 8081 }\n${ROUTES}`), ['ops.port']);
  t.deepEqual(keysOf(`listen: { host: 0.0.0.0, port: 8081 }\n${ROUTES}`), ['ops.port']);
  t.deepEqual(keysOf(`listen: { host: 10.0.0.1, port: 8081 }\n${ROUTES}`), []);
  t.deepEqual(keysOf(`listen: { port: 0 }\nops: { port: 0 }\n${ROUTES}`), []);
});

test('a lifetime is at most the longest that is allowed', (t) => {
  t.deepEqual(keysOf(`tokens: { maxLifetime: 30m }\n${ROUTES}`), ['tokens.lifetime']);
  t.deepEqual(keysOf(`tokens: { lifetime: 1h, maxLifetime: 1h }\n${ROUTES}`), []);
});
