import test from 'ava';
import { problemsOf, settingsOf } from './problems.ts';

const routes = (...lines: string[]) =>
  `routes:\n${lines.map((line) => `  - { upstream: http://x, ${line} }\n`).join('')}`;

test('hosts are kept as they are compared', (t) => {
  const hosts = [
    'Shop.Example.com.',
    '*.Shop.example.com',
    '192.0.2.7',
    '::1',
    '[0:0::2]',
    'my_service',
    'xn--bcher-kva.de',
  ];
  const { routes: written } = settingsOf(t, routes(`name: a, path: /a, host: ${JSON.stringify(hosts)}`));
  const kept = [
    'shop.example.com',
    '*.shop.example.com',
    '192.0.2.7',
    '[::1]',
    '[::2]',
    'my_service',
    'xn--bcher-kva.de',
  ];
  t.deepEqual(written[0]?.host, kept);
  t.deepEqual(settingsOf(t, routes('name: a, path: /a, host: a.b')).routes[0]?.host, ['a.b']);
});

for (const [host, message] of [
  ['', /^is empty; must be a host such as shop\.example\.com/],
  ['*', /^is \* alone; must be left out, which means every host$/],
  ['a.b:80', /^has a port/],
  ['[::1]:80', /^has a port/],
  ['https://a.b', /^is a URL/],
  ['a.*.b', /^has an asterisk that is not its first label/],
  ['*a.b', /^has an asterisk/],
  ['*.*.b', /^has an asterisk/],
  ['*.192.0.2.7', /^is an address after \*\./],
  ['*.[::1]', /^is an address after \*\./],
  ['192.0.2', /^ends with a number, and is no IPv4 address/],
  ['192.0.2.256', /^ends with a number/],
  ['fe80::1%eth0', /^is not a host name/],
  ['bücher.de', /^is not ASCII, and clients send the ASCII form; must be xn--bcher-kva\.de$/],
  ['*.BÜCHER.de', /must be \*\.xn--bcher-kva\.de$/],
  ['a..b', /^is not a host name/],
  ['-a.b', /^is not a host name/],
  ['a/b', /^is not a host name/],
  ['a b', /^is not a host name/],
  [`${'a'.repeat(64)}.b`, /^is not a host name/],
  [`${'a.'.repeat(127)}bb`, /^is not a host name/],
] as const) {
  test(`the host ${JSON.stringify(host.slice(0, 40))} is refused with what would be right`, (t) => {
    const problems = problemsOf(routes(`name: a, path: /a, host: ${JSON.stringify(host)}`, 'name: b, path: /a'));
    t.is(problems.length, 1);
    t.regex(problems[0]?.message ?? '', message);
  });
}

test('routes share a path on different hosts, and overlapping hosts leave requests for each', (t) => {
  const paths = ['host: [a, b]', 'host: c', 'host: "*.a"', 'host: x.a', 'methods: [GET]', 'methods: [POST]'];
  t.deepEqual(problemsOf(routes(...paths.map((line, n) => `name: r${n}, path: /x, ${line}`))), []);
});

test('two routes that would take the same requests of a host are refused, and so is a host that is listed twice', (t) => {
  const found = (a: string, b: string) => problemsOf(routes(`name: a, path: /x, ${a}`, `name: b, path: /x, ${b}`))[0];
  t.is(
    found('host: [a, B]', 'host: [c, b]')?.message,
    'is the path of routes[0] too, and both take every method on b; must be another path, other hosts, or other methods',
  );
  t.regex(found('host: "*.a", methods: [GET]', 'host: "*.A", methods: [HEAD]')?.message ?? '', /take HEAD on \*\.a;/);
  const twice = problemsOf(routes('name: a, path: /x, host: [a, b, A]'));
  t.deepEqual(twice, [{ at: '2:59 routes[0].host[2]', message: 'is a, which the list has already; must be left out' }]);
});

test('paths that differ by case alone are refused only where a request could be for either', (t) => {
  const keys = (a: string, b: string) =>
    problemsOf(routes(`name: a, path: /x, ${a}`, `name: b, path: /X, ${b}`)).map(({ at }) => at.split(' ')[1]);
  t.deepEqual(keys('host: a', 'host: b'), []);
  t.deepEqual(keys('host: "*.a"', 'host: a'), []);
  for (const [a, b] of [
    ['host: a', 'methods: [GET]'],
    ['host: "*.a"', 'host: b.a'],
    ['host: "*.b.a"', 'host: [c, "*.a"]'],
  ] as const) {
    t.deepEqual(keys(a, b), ['routes[1].path'], `${a} ${b}`);
  }
});

test('an upstream that is the gateway itself is refused on every host', (t) => {
  const own = 'routes: [{ name: a, host: a.b, path: /a, upstream: "http://127.0.0.1:8080" }]\n';
  t.regex(problemsOf(own)[0]?.message ?? '', /requests would loop/);
});
