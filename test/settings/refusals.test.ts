import test from 'ava';
import { problemsOf, ROUTES } from './problems.ts';

/** One value that is wrong, where that is told, and what is told. */
const REFUSALS: readonly [text: string, at: string, message: RegExp][] = [
  ['listen: { port: 65536 }', '1:17 listen.port', /whole number from 0 to 65535; found 65536/],
  ['listen: { port: 80.5 }', '1:17 listen.port', /whole number.*found 80.5/],
  ['listen: { port: eighty }', '1:17 listen.port', /found "eighty"/],
  ['listen: { host: "127.0.0.1:80" }', '1:17 listen.host', /without port.*found "127.0.0.1:80"/],
  ['listen: { host: "*" }', '1:17 listen.host', /0\.0\.0\.0 for every interface/],
  ['workers: many', '1:10 workers', /must be auto, or a number of processes/],
  ['workers: 0', '1:10 workers', /from 1 to 256/],
  ['pages: { path: /api/v1/account }', '1:16 pages.path', /neither may be within the other/],
  ['mail: { url: smtp://h }', '1:1 pages.url', /is missing; mails need it/],
  ['pages: { url: https://x/y }', '1:15 pages.url', /without a path/],
  ['pages: { colour: "#ffff00" }', '1:18 pages.colour', /dark enough/],
  ['accounts: { registration: open }', '1:27 accounts.registration', /mail\.url is empty/],
  ['mail: { url: "smtp://u:hunter2@h/x" }', '1:14 mail.url', /path after the host/],
  ['mail: { url: "folder:x", from: nobody }', '1:32 mail.from', /such as no-reply@example\.com/],
  ['shutdown: { delay: 10s }', '1:20 shutdown.delay', /not shorter than shutdown.timeout/],
  ['shutdown: { delay: soon }', '1:20 shutdown.delay', /must be a duration.*, or 0s/],
  ['upstreams: { A: { servers: http://x } }', '1:17 upstreams.A', /not a valid group name; must be lower-case letters/],
  ['upstreams: { a: {} }', '1:17 upstreams.a.servers', /is missing; must be a list of servers/],
  ['upstreams: { a: { servers: [] } }', '1:28 upstreams.a.servers', /is an empty list/],
  ['upstreams: { a: { servers: x } }', '1:28 upstreams.a.servers', /does not begin with http/],
  ['upstreams: { a: { servers: "unix:" } }', '1:28 upstreams.a.servers', /names no socket/],
  ['upstreams: { a: { servers: [{ url: http://x, weight: 0 }] } }', '1:54 upstreams.a.servers[0].weight', /from 1/],
  ['upstreams: { a: { servers: http://x, blance: 1 } }', '1:38 upstreams.a.blance', /did you mean "balance"/],
  [
    'upstreams: { a: { servers: http://x, health: { path: /, pth: / } } }',
    '1:57 upstreams.a.health.pth',
    /mean "path"/,
  ],
  ['upstreams: { a: { servers: http://x, tls: { ca: x } } }', '1:49 upstreams.a.tls.ca', /is not PEM/],
  [
    'upstreams: { a: { servers: http://x, health: { path: /, status: 99 } } }',
    '1:65 upstreams.a.health.status',
    /200-299/,
  ],
  ['trustedProxies: [10.0.0.0/33]', '1:18 trustedProxies[0]', /found "10.0.0.0\/33"/],
  ['trustedProxies: [::1/129]', '1:18 trustedProxies[0]', /such as 10\.0\.0\.7/],
  ['trustedProxies: [example.com]', '1:18 trustedProxies[0]', /an IP address or a network/],
  ['trustedProxies: [fe80::1%eth0]', '1:18 trustedProxies[0]', /an IP address or a network/],
  [
    'database: { timeout: 2 }',
    '1:22 database.timeout',
    /its unit: 250ms.*; found 2, without a unit; did you mean 2s\?$/,
  ],
  ['database: { timeout: "15" }', '1:22 database.timeout', /; found 15, without a unit; did you mean 15s\?$/],
  ['database: { timeout: 1.5 }', '1:22 database.timeout', /1h or 30d; found a number$/],
  ['shutdown: { delay: 5 }', '1:20 shutdown.delay', /, or 0s; found 5, without a unit; did you mean 5s\?$/],
  ['database: { timeout: 0s }', '1:22 database.timeout', /above zero|whole number.*found "0s"/],
  ['timeouts: { idle: 25d }', '1:19 timeouts.idle', /from 1ms to 1d/],
  ['database: { url: mongodb://u:hunter2@h/d }', '1:18 database.url', /sqlite:PATH, mysql:\/\/user.*postgres:\/\/user/],
  ['database: { url: pgsql://u:hunter2@h/d }', '1:18 database.url', /write postgres:\/\/ for PostgreSQL/],
  ['database: { url: "postgres://u:p?hunter2@h/d" }', '1:18 database.url', /has a raw "\?" in its user or password/],
  ['database: { url: "postgres://u:hunter2@h/" }', '1:18 database.url', /names no database/],
  ['database: { url: "postgres://:hunter2@h/d" }', '1:18 database.url', /names no user/],
  ['database: { url: "postgres://u:hunter2@/d" }', '1:18 database.url', /names no host.*\?host=\/run\/postgresql/],
  ['database: { url: "postgres://u:hunter2%zz@h/d" }', '1:18 database.url', /%25 for %/],
  ['database: { url: "postgres://u:hunter2@h1,h2/d" }', '1:18 database.url', /several hosts; must name one/],
  ['database: { url: "postgres://u:hunter2@h:0/d" }', '1:18 database.url', /no number from 1 to 65535/],
  [
    'database: { url: "postgres://u:hunter2@h/d?connect_timeout=5" }',
    '1:18 database.url',
    /"connect_timeout", which is not supported; must be one of sslmode, schema, host, port/,
  ],
  [
    'database: { url: "postgres://u:hunter2@h/d?sslmode=prefer" }',
    '1:18 database.url',
    /must be one of disable, require/,
  ],
  ['database: { url: "postgres://u:hunter2@h/d?schema=a&schema=b" }', '1:18 database.url', /"schema" twice/],
  ['database: { url: "postgres://u:hunter2@h/d?schema=a,b" }', '1:18 database.url', /the name of one schema/],
  ['database: { url: "postgres://u:hunter2@h/d?host=/run" }', '1:18 database.url', /must have one of them/],
  [
    'database: { url: "mysql://u:p/hunter2@h/d" }',
    '1:18 database.url',
    /has a raw "\/" in its user or password; must be percent-encoded there, as %2F/,
  ],
  ['database: { url: "mysql://u:hunter2@h/" }', '1:18 database.url', /names no database/],
  ['database: { url: "mysql://u:hunter2%zz@h/d" }', '1:18 database.url', /%25 for %/],
  ['database: { url: "mysql://:hunter2@h/d" }', '1:18 database.url', /names no user/],
  ['database: { url: "mysql://u:hunter2@h/d?ssl=1" }', '1:18 database.url', /"\?" or "#"/],
  ['database: { url: "sqlite:" }', '1:18 database.url', /names no file/],
  ['database: { url: "sqlite:///x" }', '1:18 database.url', /has \/\/ after sqlite/],
  ['database: { url: "sqlite::memory:" }', '1:18 database.url', /lose every account/],
  ['database: "mysql://u:hunter2@h/d"', '1:11 database', /a map with the keys url, timeout, tls; found text/],
  ['redis: { url: "http://:hunter2@h" }', '1:15 redis.url', /redis:\/\/user:password@host:6379.*or empty/],
  ['redis: { url: "redis://:hunter2@h/db" }', '1:15 redis.url', /number of a database/],
  ['redis: { keyPrefix: "a b" }', '1:21 redis.keyPrefix', /such as "gatehouse:"/],
  ['api: { prefix: / }', '1:16 api.prefix', /such as \/api\/v1/],
  ['api: { prefix: /api/ }', '1:16 api.prefix', /does not end with \//],
  ['api: { prefix: /API }', '1:16 api.prefix', /lower case/],
  ['api: { prefix: /a/../b }', '1:16 api.prefix', /no \. or \.\. segment/],
  ['api: { prefix: /a%2fb }', '1:16 api.prefix', /no %/],
  [`api: { realm: 'a"b' }`, '1:15 api.realm', /without quotes/],
  ['tokens: { secrets: [hunter2] }', '1:21 tokens.secrets[0]', /shorter than 32 bytes/],
  ['tokens: { secrets: [1234567890123456] }', '1:21 tokens.secrets[0]', /in quotes; found a number/],
  ['tokens: { lifetime: 500ms }', '1:21 tokens.lifetime', /from 1s to 3650d/],
  ['accounts: { passwordCost: 16 }', '1:27 accounts.passwordCost', /from 4 to 15; found 16/],
  ['log: { level: verbose }', '1:15 log.level', /trace, debug, info, warn, error, silent; found "verbose"/],
  ['log: { format: [json] }', '1:16 log.format', /auto, json, pretty; found a list/],
  ['log:', '1:5 log', /is empty; must be a map with the keys level, format/],
  ['lgo: { level: info }', '1:1 lgo', /^unknown key "lgo"; did you mean "log"\?$/],
  ['logs: { level: info }', '1:1 logs', /did you mean "log"/],
  ['log: { lvl: info }', '1:8 log.lvl', /^unknown key "lvl"; the keys here are level, format$/],
  ['timeouts: { firstbyte: 1s }', '1:13 timeouts.firstbyte', /did you mean "firstByte"/],
  ['"a b": 1', '1:1 ["a b"]', /the keys here are listen, ops/],
];

for (const [text, at, message] of REFUSALS) {
  test(`refused: ${text}`, (t) => {
    const problems = problemsOf(`${text}\n${ROUTES}`);
    t.deepEqual(
      problems.map((problem) => problem.at),
      [at],
    );
    t.regex(problems[0]?.message ?? '', message);
    t.notRegex(problems[0]?.message ?? '', /hunter2|1234567890123456/);
  });
}

/** The same for one route; columns are not compared. */
const ROUTE_REFUSALS: readonly [route: string, key: string, message: RegExp][] = [
  ['name: Orders, path: /a, upstream: http://x', 'name', /lower-case letters.*found "Orders"/],
  ['name: a, path: /a/, upstream: http://x', 'path', /does not end with \//],
  ['name: a, path: a, upstream: http://x', 'path', /begins with \//],
  ['name: a, path: /a//b, upstream: http://x', 'path', /found "\/a\/\/b"/],
  ['name: a, path: /a/..;/../b, upstream: http://x', 'path', /\.\. segment/],
  ['name: a, path: /a/., upstream: http://x', 'path', /\.\. segment/],
  ['name: a, path: /a%62, upstream: http://x', 'path', /no %/],
  ['name: a, path: "/a?b", upstream: http://x', 'path', /\?/],
  ['name: a, path: "/a#b", upstream: http://x', 'path', /#/],
  ['name: a, path: "/a\\\\b", upstream: http://x', 'path', /backslash/],
  ['name: a, path: /a/*, upstream: http://x', 'path', /\*/],
  ['name: a, path: /a, upstream: http://x, stripPrefix: /', 'stripPrefix', /prefix of the route's path/],
  ['name: a, path: /a, upstream: http://x, methods: [get]', 'methods[0]', /upper case.*found "get"/],
  ['name: a, path: /a, upstream: http://x, methods: [GTE]', 'methods[0]', /found "GTE"/],
  ['name: a, path: /a, upstream: http://x, methods: []', 'methods', /empty list/],
  ['name: a, path: /a, upstream: localhost:9000', 'upstream', /begin with http:\/\/ or https:\/\//],
  ['name: a, path: /a, upstream: []', 'upstream', /empty list/],
  ['name: a, path: /a, upstream: [http://ok, "http://u:hunter2@x"]', 'upstream[1]', /has a user or password/],
  ['name: a, path: /a, upstream: "http://hunter2@x"', 'upstream', /has a user or password/],
  ['name: a, path: /a, upstream: "http://:hunter2@x"', 'upstream', /has a user or password/],
  ['name: a, path: /a, upstream: "http://x?y"', 'upstream', /"\?" or "#" part/],
  ['name: a, path: /a, upstream: "http://"', 'upstream', /not a valid URL/],
  ['name: a, path: /a, upstream: http://x, auth: optional', 'auth', /required, none; found "optional"/],
  ['name: a, path: /a, upstream: http://x, preserveHost: yes', 'preserveHost', /true or false; found "yes"/],
  [
    'name: a, path: /a, upstream: http://x, proxy: { pathRewrite: { "^/(": /x } }',
    'proxy.pathRewrite["^/("]',
    /not a valid regular expression \(Unterminated group\); must be one/,
  ],
  [
    'name: a, path: /a, upstream: http://x, proxy: { pathRewrite: { ^/a: "/b?c" } }',
    'proxy.pathRewrite["^/a"]',
    /without \?, # and backslashes; found "\/b\?c"/,
  ],
  ['name: a, path: /a, upstream: http://x, proxy: { intercept: ./x.txt }', 'proxy.intercept', /path of a module/],
  [
    'name: a, path: /a, upstream: http://x, proxy: { intercept: ./absent.mjs }',
    'proxy.intercept',
    /cannot be read: .*\/absent\.mjs: there is no such file/,
  ],
  ['name: a, path: /a', 'upstream', /is missing; must be an http:\/\//],
];

for (const [route, key, message] of ROUTE_REFUSALS) {
  test(`refused in a route: ${route}`, (t) => {
    const problems = problemsOf(`routes: [{ ${route} }]\n`);
    t.deepEqual(
      problems.map(({ at }) => at.split(' ')[1]),
      [`routes[0].${key}`],
    );
    t.regex(problems[0]?.message ?? '', message);
    t.notRegex(problems[0]?.message ?? '', /hunter2/);
  });
}

test('routes are required, and at least one', (t) => {
  t.like(problemsOf('log: { level: info }\n'), [
    { at: '1:1 routes', message: 'is missing; must be a list of routes, each with name, path and upstream' },
  ]);
  t.like(problemsOf('routes:\n'), [{ at: '1:8 routes' }]);
  t.like(problemsOf('routes: []\n'), [{ at: '1:9 routes' }]);
});

test('a key that a route lacks is told at the route', (t) => {
  const text = 'routes:\n  - name: a\n    path: /a\n    upsteam: http://x\n';
  t.deepEqual(
    problemsOf(text).map(({ at }) => at),
    ['2:5 routes[0].upstream', '4:5 routes[0].upsteam'],
  );
});

test('a module that cannot be read is told beside other problems of its route', (t) => {
  const text = `routes:
  - { name: a, path: /a, upstream: http://x, proxy: { intercept: ./absent.mjs, pathRewrite: { "(": /x } } }
`;
  t.deepEqual(
    problemsOf(text).map(({ at }) => at),
    ['2:66 routes[0].proxy.intercept', '2:100 routes[0].proxy.pathRewrite["("]'],
  );
});

test('every problem is told at once, in the order of the file', (t) => {
  const text = `listen: { port: x }
datbase: {}
log: { level: loud, levle: 1 }
routes:
  - { name: A, path: a, upstream: x, auth: none }
  - { name: b, path: /api/v1/b, upstream: http://x, auth: none }
  - just text
`;
  t.deepEqual(
    problemsOf(text).map(({ at }) => at),
    [
      '1:17 listen.port',
      '2:1 datbase',
      '3:15 log.level',
      '3:21 log.levle',
      '5:13 routes[0].name',
      '5:22 routes[0].path',
      '5:35 routes[0].upstream',
      '6:59 routes[1].auth',
      '7:5 routes[2]',
    ],
  );
});

test('a condition on a column is told what its value must be', (t) => {
  const problems = problemsOf(`accounts: { groups: { where: { kind: [1] } } }\n${ROUTES}`);
  t.like(
    problems.find(({ at }) => at.endsWith('accounts.groups.where.kind')),
    { message: 'must be text, a number, true or false; found a list' },
  );
});
