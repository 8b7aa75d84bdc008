import test from 'ava';
import { GatewayError } from '../../gateway/domain/errors.ts';
import { parseTarget } from '../../gateway/http/target.ts';
import { compileRoutes, type Located } from '../../gateway/routing/table.ts';
import type { RouteSettings } from '../../gateway/settings/schema/settings.ts';

const READ_AS: [string, string[]][] = [
  ['/', ['/']],
  ['/a/b/', ['/a/b']],
  ['/a//b', ['/a/b']],
  ['/A/%42', ['/a/%42', '/a/b']],
  ['/a/%2562', ['/a/%2562', '/a/%62', '/a/b']],
  ['/a;x=y/b;', ['/a;x=y/b;', '/a/b']],
  ['/a%3bx/b', ['/a%3bx/b', '/a;x/b', '/a/b']],
  ['/;x/a', ['/;x/a', '/a']],
  ['/a%2fb', ['/a%2fb', '/a/b']],
  ['/a;%252fx/b', ['/a;%252fx/b', '/a/b', '/a;%2fx/b', '/a;/x/b', '/a/x/b']],
  ['/a/...', ['/a/...']],
  ['/a/.b/c.', ['/a/.b/c.']],
  ['/100%25', ['/100%25', '/100%']],
  ['/%e2%84%aa', ['/%e2%84%aa', '/k']],
  ['/%25e2%2584%25aa', ['/%25e2%2584%25aa', '/%e2%84%aa', '/k']],
  ['/%ff', ['/%ff', '/\ufffd']],
];

for (const [target, readings] of READ_AS) {
  test(`${target} is kept as it is, and read as ${readings.join(' and ')} by others`, (t) => {
    const parsed = parseTarget(`${target}?q=/../%zz`, 'a');
    t.is(parsed.path, target);
    t.is(parsed.query, '?q=/../%zz');
    t.deepEqual([...parsed.readings].sort(), [...readings].sort());
  });
}

test('a path that everybody reads alike has no other readings', (t) => {
  t.deepEqual(parseTarget('/api/v1/orders-7/a_b~c/x.json', 'a').readings, []);
});

/** What servers do to a path, in any order; none decodes more than twice. */
const STEPS = {
  decode: (path: string) =>
    path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  drop: (path: string) => path.replace(/;[^/]*/g, ''),
  merge: (path: string) => path.replace(/\/+/g, '/'),
  fold: (path: string) => path.toLowerCase(),
  resolve: (path: string) => new URL(`http://a${path.replace(/%/g, '%25')}`).pathname.replace(/%25/g, '%'),
};
type Step = keyof typeof STEPS;

/** Every order of at most so many steps. */
function orders(most: number): Step[][] {
  if (most === 0) return [[]];
  const shorter = orders(most - 1);
  const longer = shorter
    .filter(({ length }) => length === most - 1)
    .flatMap((steps) => (Object.keys(STEPS) as Step[]).map((step) => [...steps, step]));
  return [...shorter, ...longer].filter((steps) => steps.filter((step) => step === 'decode').length <= 2);
}

/** The same numbers each time (a linear congruential generator). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  ...['/', '/', '/', '%2f', '%252f', '%2F', '//', ';', '%3b', '%253b', ';x', '.', '..', '%2e', '%252e', '%5c', '\\'],
  ...[
    'api',
    'API',
    '%61pi',
    '%2561pi',
    'v1',
    'V1',
    'a',
    'A',
    'b',
    '/api/v1',
    '/api/v1/a',
    'account',
    'tokens',
    'x',
    '%',
  ],
];

test('whatever servers make of a path, in whichever order, it lies at the place that was decided on, or is refused', (t) => {
  const route = (path: string, auth: 'required' | 'none') =>
    ({ name: path.slice(1), path, auth, upstream: [] }) as unknown as RouteSettings;
  const table = compileRoutes(
    [route('/', 'none'), route('/api/v1/a', 'required'), route('/api/v1/b', 'required'), route('/b', 'none')],
    '/api/v1',
    // Below the path of the keys lies another place: the route /b.
    { pages: '/account', keySet: '/b/x' },
  );
  const all = orders(5);
  const next = numbers(20_261);
  let passed = 0;
  for (let n = 0; n < 3_000; n++) {
    const path = `/${Array.from({ length: 1 + next(6) }, () => PIECES[next(PIECES.length)]).join('')}`;
    let decided: Located<RouteSettings>;
    try {
      decided = table.locate(parseTarget(path, 'a'));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      continue;
    }
    if (decided.place.kind === 'ambiguous') continue;
    passed += 1;
    for (const order of all) {
      const read = table.locateAsSent(
        order.reduce((text, step) => STEPS[step](text), path),
        'a',
      );
      if (read.place !== decided.place || read.belowPrefix !== decided.belowPrefix) {
        t.fail(`${path} lies elsewhere after ${order.join(', ')}`);
        return;
      }
    }
  }
  t.true(passed > 300, `${passed} paths were not refused`);
});

test('a path below the prefix cannot hide behind a public route by any order of decoding and dropping', (t) => {
  const open = { name: 'open', path: '/', auth: 'none', upstream: [] } as unknown as RouteSettings;
  const table = compileRoutes([open], '/api/v1', { pages: null, keySet: null });
  for (const path of [
    ...['/;%252fapi/v1/a/x', '/%253b%252fapi/v1/a', '/;%2fapi/v1', '/%3b%2fapi/v1', '/%3b%252fapi/v1', '/;/api/v1'],
    ...['/x;%252f../api', '/api;%252fv1/v1/x', '/;x%252fapi%252fv1', '/%25%33%62/api/v1', '/api%253b%252f/v1'],
  ]) {
    let kind = 'refused';
    try {
      kind = table.locate(parseTarget(path, 'a')).place.kind;
    } catch (error) {
      t.true(error instanceof GatewayError, path);
    }
    t.true(kind === 'refused' || kind === 'ambiguous', path);
  }
});

test('an encoded slash is told apart from one that is encoded twice', (t) => {
  t.true(parseTarget('/a%2fb', 'a').hasEncodedSlash);
  t.true(parseTarget('/a%2F', 'a').hasEncodedSlash);
  t.true(parseTarget('/a;x%2f', 'a').hasEncodedSlash);
  t.false(parseTarget('/a%252fb', 'a').hasEncodedSlash);
  t.false(parseTarget('/a?%2f', 'a').hasEncodedSlash);
});

test('the absolute form is taken apart where it names the host of the request, and refused elsewhere', (t) => {
  t.is(parseTarget('http://a.b:8080/x?y', 'A.B:8080').path, '/x');
  t.is(parseTarget('http://a?y', 'a').path, '/');
  t.is(parseTarget('http://[::1]:80/x', '[::1]:80').path, '/x');
  for (const [target, host] of [
    ['http://a/x', 'b'],
    ['http://a/x', undefined],
    ['http://u@a/x', 'a'],
    ['ftp://a/x', 'a'],
    ['http://a//x', 'a'],
    ['http://a/../x', 'a'],
  ] as const) {
    t.throws(() => parseTarget(target, host), { instanceOf: GatewayError }, target);
  }
});

test('reading a target takes time in proportion to its length', (t) => {
  for (const part of ['/', '/a', '/%41', '%25', '%2525', ';', '/;', '%2f', '/.a', ';%252f']) {
    const target = (length: number) => `/x${part.repeat(length / part.length)}`;
    const [short, long] = [target(1_000), target(16_000)];
    const timeOf = (text: string, times: number) => {
      const before = performance.now();
      for (let n = 0; n < times; n++) parseTarget(text, 'a');
      return performance.now() - before;
    };
    // The same characters in all, in one target or in sixteen: what disturbs both does not show, nor does a moment's noise.
    let [ofShort, ofLong] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < 7; round++) {
      ofShort = Math.min(ofShort, timeOf(short, 16));
      ofLong = Math.min(ofLong, timeOf(long, 1));
    }
    t.true(ofLong < 8 * ofShort, `${part}: ${ofLong} ms, and ${ofShort} ms in pieces`);
  }
});
