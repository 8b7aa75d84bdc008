import test from 'ava';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const withHeaders = (headers: string, more = '') =>
  `routes:\n  - name: a\n    path: /a\n    upstream: http://x\n${more}    headers: ${headers}\n`;
const settings = (listen: string) => `listen: { ${listen} }\n${ROUTES}`;

test('fields are set and removed of requests and of answers, and a number is meant as its text', (t) => {
  const { routes } = settingsOf(
    t,
    withHeaders(
      `{ request: { set: { X-Version: 2, Authorization: "Bearer \${KEY}" }, remove: Referer }, response: { set: { X-Frame-Options: DENY }, remove: [Server, X-Powered-By] } }`,
    ),
    { KEY: 'k' },
  );
  t.deepEqual(routes[0]?.headers, {
    request: { set: { 'X-Version': '2', Authorization: 'Bearer k' }, remove: ['Referer'] },
    response: { set: { 'X-Frame-Options': 'DENY' }, remove: ['Server', 'X-Powered-By'] },
  });
});

const OF_REQUESTS = [
  ...['X-User-Id', 'x_user_id', 'X-User-Email', 'Host', 'HTTP_HOST', 'X-Request-Id', 'Traceparent', 'Forwarded'],
  ...[
    'X-Forwarded-For',
    'X_Forwarded_Proto',
    'X-Forwarded-Host',
    'X-Forwarded-Prefix',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
  ],
  ...['Transfer-Encoding', 'Transfer_Encoding', 'Upgrade', 'Content-Length', 'Content--Length', 'Proxy-Authorization'],
  ...['Expect', 'Sec-WebSocket-Key', 'Content-Encoding', 'Max-Forwards'],
];
const OF_ANSWERS = [
  ...['X-Request-Id', 'X-User-Id', 'Connection', 'Keep-Alive', 'Trailer', 'Transfer-Encoding', 'Upgrade'],
  ...['Content-Length', 'Content_Length', 'X_User_Id', 'Content-Encoding', 'Sec-WebSocket-Accept'],
];

for (const [part, names] of [
  ['request', OF_REQUESTS],
  ['response', OF_ANSWERS],
] as const) {
  test(`no route changes what frames a ${part} or is the gateway's own`, (t) => {
    for (const name of names) {
      t.deepEqual(
        problemsOf(withHeaders(`{ ${part}: { set: { ${name}: x } } }`)).map(({ at }) => at.split(' ')[1]),
        [`routes[0].headers.${part}.set.${name}`],
        name,
      );
      const [problem] = problemsOf(withHeaders(`{ ${part}: { remove: [X-A, ${name}] } }`));
      t.is(problem?.at.split(' ')[1], `routes[0].headers.${part}.remove[1]`, name);
      t.regex(problem?.message ?? '', /written only by the gateway/);
    }
  });
}

test("no route sets one of the gateway's own cookies in an answer", (t) => {
  for (const [name, value] of [
    ['Set-Cookie', 'gatehouse_session=x; Path=/'],
    ['set_cookie', '__Host-gatehouse_session.sig=x; Path=/; Secure'],
    ['Set-Cookie', '__Secure-GATEHOUSE_FORM = x'],
    ['Set-Cookie', '=gatehouse_form=x'],
  ]) {
    const [problem, ...more] = problemsOf(withHeaders(`{ response: { set: { ${name}: "${value}" } } }`));
    t.is(problem?.at.split(' ')[1], `routes[0].headers.response.set.${name}`, value);
    t.regex(problem?.message ?? '', /written only by the gateway/, value);
    t.notRegex(problem?.message ?? '', /gatehouse_/i);
    t.deepEqual(more, []);
  }
});

test('a route sets other cookies in an answer, also one that mentions a name of the gateway', (t) => {
  for (const value of ['theme=dark; Path=/', 'theme=gatehouse_session', 'my_gatehouse_session=x']) {
    t.deepEqual(problemsOf(withHeaders(`{ response: { set: { Set-Cookie: "${value}" } } }`)), [], value);
  }
});

test('a name or value that is none is told with its place, and the value is not repeated', (t) => {
  const [name, value, twice, ...more] = problemsOf(
    withHeaders(`{ request: { set: { "X A": x, X-B: "hunter2\\r\\nX-User-Id: 2", X-C: 1, x-c: 2 } } }`),
  );
  t.regex(name?.at ?? '', /^5:41 routes\[0\]\.headers\.request\.set\["X A"\]$/);
  t.regex(name?.message ?? '', /is not a valid header field name/);
  t.regex(value?.message ?? '', /must be one line of printable ASCII/);
  t.notRegex(value?.message ?? '', /hunter2/);
  t.regex(twice?.message ?? '', /is set twice/);
  t.deepEqual(more, []);
});

test('what cors or listen.hsts decide, a route cannot say too', (t) => {
  const allow = '{ response: { set: { Access-Control-Allow-Origin: "*" } } }';
  t.deepEqual(problemsOf(withHeaders(allow)), []);
  t.regex(
    problemsOf(withHeaders(allow, '    cors: { origins: "*" }\n'))[0]?.message ?? '',
    /written by this route's cors/,
  );
  const strict = withHeaders('{ response: { remove: Strict-Transport-Security } }');
  t.deepEqual(problemsOf(strict), []);
  t.regex(problemsOf(`listen: { hsts: 1d }\n${strict}`)[0]?.message ?? '', /written by listen\.hsts/);
});

test('hsts is a duration, or a map with what holds besides', (t) => {
  const kept = { includeSubDomains: false, preload: false };
  t.deepEqual(settingsOf(t, settings('hsts: 365d')).listen.hsts, { maxAge: 365 * 86_400_000, ...kept });
  t.deepEqual(settingsOf(t, settings('hsts: { maxAge: 0s }')).listen.hsts, { maxAge: 0, ...kept });
  t.is(settingsOf(t, settings('')).listen.hsts, undefined);
  t.is(problemsOf(settings('hsts: { maxAge: 365d, includeSubDomains: true, preload: true }')).length, 0);
});

test('hsts that says nothing sensible is refused with its place', (t) => {
  for (const [hsts, at] of [
    ['31536000', 'listen.hsts'],
    ['soon', 'listen.hsts'],
    ['{ includeSubDomains: true }', 'listen.hsts.maxAge'],
    ['{ maxAge: 365d, preload: true }', 'listen.hsts.preload'],
    ['{ maxAge: 30d, includeSubDomains: true, preload: true }', 'listen.hsts.preload'],
  ] as const) {
    const problems = problemsOf(settings(`hsts: ${hsts}`));
    t.deepEqual(
      problems.map((problem) => problem.at.split(' ')[1]),
      [at],
      hsts,
    );
  }
});
