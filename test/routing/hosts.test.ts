import test from 'ava';
import { parseTarget } from '../../gateway/http/target.ts';
import { routesAt } from '../../gateway/routing/plan.ts';
import { compileRoutes, isBelow, type RouteRules } from '../../gateway/routing/table.ts';
import { Random, seedOf } from '../../proof/random.ts';

const PREFIX = '/api/v1';

function rules(name: string, path: string, host?: string[], auth: 'required' | 'none' = 'required'): RouteRules {
  return { name, path, auth, allowEncodedSlashes: false, ...(host !== undefined && { host }) };
}

const OWN = { pages: '/account', keySet: '/.well-known/jwks.json' };

function namesAt(routes: readonly RouteRules[], host: string | undefined, path: string): string[] {
  const table = compileRoutes(routes, PREFIX, OWN);
  return routesAt(table.locate(parseTarget(path, host))).map(({ name }) => name);
}

const SHOP = [
  rules('exact', '/x', ['shop.example.com']),
  rules('below', '/x', ['*.shop.example.com']),
  rules('all', '/x', ['*.example.com']),
  rules('any', '/x'),
  rules('any-deep', '/x/y/z'),
  rules('six', '/x', ['[::1]']),
  rules('four', '/x', ['192.0.2.7']),
];

for (const [host, name] of [
  ['shop.example.com', 'exact'],
  ['SHOP.Example.COM:8080', 'exact'],
  ['shop.example.com.', 'exact'],
  ['shop.example.com.:443', 'exact'],
  ['a.shop.example.com', 'below'],
  ['a.b.SHOP.example.com:1', 'below'],
  ['other.example.com', 'all'],
  ['xshop.example.com', 'all'],
  ['example.com', 'any'],
  ['example.com.evil.net', 'any'],
  ['shop.example.com.evil.net', 'any'],
  ['.shop.example.com', 'any'],
  ['a..shop.example.com', 'any'],
  ['a%2e.shop.example.com', 'any'],
  ['*.shop.example.com', 'any'],
  ['shop.example.com..', 'any'],
  [`${'a.'.repeat(4_000)}shop.example.com`, 'any'],
  ['[::1]:8080', 'six'],
  ['[0:0::0:1]', 'six'],
  ['[::2]', 'any'],
  ['192.0.2.7:80', 'four'],
  ['192.0.2.07', 'any'],
  ['1.192.0.2.7', 'any'],
  ['', 'any'],
  [undefined, 'any'],
] as const) {
  test(`a request to ${host?.slice(0, 40) ?? 'no host'} is for the route ${name}`, (t) => {
    t.deepEqual(namesAt(SHOP, host, '/x/1'), [name]);
  });
}

test('the more particular host goes before the longer path, and leaves what it does not take', (t) => {
  t.deepEqual(namesAt(SHOP, 'shop.example.com', '/x/y/z'), ['exact']);
  const routes = [...SHOP, rules('root', '/')];
  t.deepEqual(namesAt(routes, 'shop.example.com', '/other'), ['root']);
});

test('an open website of a host leaves the API of every host as it is, and takes nothing below the prefix', (t) => {
  const routes = [rules('website', '/', ['www.a'], 'none'), rules('orders', '/api/v1/orders'), rules('api', '/api')];
  t.deepEqual(namesAt(routes, 'www.a', '/api/v1/orders/7'), ['orders']);
  t.deepEqual(namesAt(routes, 'www.a', '/api/v1/x'), ['api']);
  t.deepEqual(namesAt(routes, 'www.a', '/api/x'), ['website']);
  t.deepEqual(namesAt(routes.slice(0, 1), 'www.a', '/api/v1/x'), []);
});

test('the token endpoints, the pages and the keys of assertions are on every host, whatever its routes take', (t) => {
  const table = compileRoutes([rules('all', '/', ['a']), rules('api', '/api/v1', ['*.a'])], PREFIX, OWN);
  for (const host of ['a', 'b.a', 'c', undefined]) {
    t.is(table.locate(parseTarget('/api/v1/tokens/current', host)).place.kind, 'tokens');
    t.is(table.locate(parseTarget('/account/x', host)).place.kind, 'pages');
    t.is(table.locate(parseTarget('/.well-known/jwks.json', host)).place.kind, 'key-set');
    t.not(table.locate(parseTarget('/.well-known/jwks.json/x', host)).place.kind, 'key-set');
  }
});

test('a path is ambiguous by the routes of its own host alone', (t) => {
  const routes = [rules('deep', '/x/Admin', ['a']), rules('flat', '/x'), rules('upper', '/x/ADMIN', ['b'])];
  const table = compileRoutes(routes, PREFIX, { pages: null, keySet: null });
  const kindAt = (host: string, path: string) => table.locate(parseTarget(path, host)).place.kind;
  t.is(kindAt('a', '/x/admin'), 'ambiguous');
  t.is(kindAt('a', '/x//Admin'), 'ambiguous');
  t.is(kindAt('b', '/x/Admin'), 'ambiguous');
  t.is(kindAt('c', '/x/admin'), 'routes');
  t.is(kindAt('c', '/x//Admin'), 'routes');
});

const HOSTS: [string, ...string[]] = ['a', 'b.a', 'c.b.a', 'd.c.b.a', 'x', '*.a', '*.b.a', '*.c.b.a', '*.x'];
const PATHS: [string, ...string[]] = ['/', '/a', '/a/b', '/api', '/api/v1', '/api/v1/a', '/api/v1/a/b', '/apiv1'];
const ASKED: [string, ...string[]] = ['a', 'A:80', 'b.a.', 'c.b.a', 'd.c.b.a', 'e.d.c.b.a', 'x', 'y.x', 'z', ''];
const PIECES: [string, ...string[]] = ['a', 'b', 'api/v1', 'api', 'tokens', 'account', '/', 'A', '%61', 'c'];

/** The rule as it is documented: host by host, the more particular first, then the longest path. */
function expectedAt(routes: readonly RouteRules[], sent: string, path: string): string[] {
  const host = sent.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  for (const own of ['/api/v1/tokens', '/account']) if (isBelow(path, own)) return [];
  const ranks = (pattern: string) => (pattern.startsWith('*') ? pattern.length : Number.POSITIVE_INFINITY);
  const patterns = routes
    .flatMap((route) => route.host ?? [])
    .filter((pattern) => (pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern))
    .sort((a, b) => ranks(b) - ranks(a));
  const isBelowPrefix = isBelow(path, PREFIX);
  for (const pattern of [...patterns, undefined]) {
    const onHost = routes.filter((route) => (pattern === undefined ? !route.host : route.host?.includes(pattern)));
    const matching = onHost.filter((route) => route.path === '/' || isBelow(path, route.path));
    const longest = Math.max(...matching.map((route) => route.path.length));
    const found = matching
      .filter((route) => route.path.length === longest)
      .filter(({ auth }) => !isBelowPrefix || auth === 'required');
    if (found.length > 0) return found.map(({ name }) => name);
  }
  return [];
}

test('hosts and paths in any combination lead where the rule says, and no reading of the path leads elsewhere', (t) => {
  let passed = 0;
  for (let run = 0; run < 400; run++) {
    const random = new Random(seedOf(14, run));
    const routes = Array.from({ length: 1 + random.below(8) }, (_, index) => {
      const path = random.of(PATHS);
      const isOpen = !isBelow(path, PREFIX) && random.once(2);
      const hosts = Array.from({ length: 1 + random.below(3) }, () => random.of(HOSTS));
      return rules(`r${index}`, path, random.once(3) ? undefined : hosts, isOpen ? 'none' : 'required');
    });
    const table = compileRoutes(routes, PREFIX, OWN);
    for (let n = 0; n < 40; n++) {
      const host = random.of(ASKED);
      const path = `/${Array.from({ length: random.below(5) }, () => random.of(PIECES)).join('/')}`;
      if (path.startsWith('//')) continue;
      const target = parseTarget(path, host);
      const located = table.locate(target);
      if (located.place.kind === 'ambiguous') continue;
      passed += 1;
      const found = routesAt(located).map(({ name }) => name);
      const expected = expectedAt(routes, host, path);
      const elsewhere = target.readings.find((reading) => table.locateAsSent(reading, host).place !== located.place);
      if (found.join() === expected.join() && elsewhere === undefined) continue;
      t.deepEqual(found, expected, `${host} ${path} ${JSON.stringify(routes)}`);
      t.is(elsewhere, undefined, `${host} ${path} is read elsewhere`);
      return;
    }
  }
  t.true(passed > 5_000, `${passed} were not ambiguous`);
});
