import test from 'ava';
import { GatewayError } from '../../gateway/errors.ts';
import { parseTarget } from '../../gateway/request/target.ts';

const CANONICAL: [string, string][] = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/b/', '/a/b'],
  ['/a//b', '/a/b'],
  ['/A/%42', '/a/b'],
  ['/a/%2562', '/a/b'],
  ['/a;x=y/b;', '/a/b'],
  ['/a%3bx/b', '/a/b'],
  ['/a%253bx/b', '/a/b'],
  ['/;x/a', '/a'],
  ['/a%2fb', '/a/b'],
  ['/a%252fb', '/a/b'],
  ['/a;%252fx/b', '/a/b'],
  ['/a/...', '/a/...'],
  ['/a/.b/c.', '/a/.b/c.'],
  ['/100%25', '/100%'],
  ['/%e2%84%aa', '/k'],
  ['/%ff', '/\ufffd'],
];

for (const [target, canonicalPath] of CANONICAL) {
  test(`${target} is kept as it is, and read as ${canonicalPath} by the most lenient`, (t) => {
    const parsed = parseTarget(`${target}?q=/../%zz`, 'a');
    t.is(parsed.path, target);
    t.is(parsed.query, '?q=/../%zz');
    t.is(parsed.canonicalPath, canonicalPath);
  });
}

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

test('a target of ten thousand segments or escapes is read in little time', (t) => {
  const before = performance.now();
  for (const part of ['/', '/a', '/%41', '%25', '%2525', ';', '/;', '%2f', '/.a']) {
    parseTarget(`/x${part.repeat(16_000 / part.length)}`, 'a');
  }
  t.true(performance.now() - before < 500);
});
