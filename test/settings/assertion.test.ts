import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { newAssertionKey } from '../../gateway/settings/schema/assertion-key.ts';
import { pemOf } from '../../gateway/signing/assertion-keys.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = newAssertionKey();
const PEM = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
const other = (curve: string) => generateKeyPairSync('ec', { namedCurve: curve }).privateKey;
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

function problemOf(key: string): string | undefined {
  const text = `assertion: { issuer: "https://a", keys: [${JSON.stringify(key)}] }\n${ROUTES}`;
  return problemsOf(text).map(({ at, message }) => `${at.split(' ')[1]} ${message}`)[0];
}

const REFUSED: readonly [what: string, key: string, message: RegExp][] = [
  ['nothing', '', /is empty; must be a P-256 private key/],
  ['a path', '/run/secrets/assertion.pem', /is no key;.*\$\{file:/],
  [
    'RSA',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pkcs8).toString(),
    /for RSA, not an EC key/,
  ],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString(), /for ED25519/],
  ['P-384', other('P-384').export(pkcs8).toString(), /curve secp384r1, not on P-256/],
  ['secp256k1', other('secp256k1').export(pkcs8).toString(), /curve secp256k1/],
  ['a public half', publicKey.export({ type: 'spki', format: 'pem' }).toString(), /no private key, only a public one/],
  [
    'encrypted PKCS #8',
    privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'hunter2' }).toString(),
    /is encrypted/,
  ],
  [
    'encrypted SEC 1',
    privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    /is encrypted/,
  ],
  ['two keys in one', PEM + PEM, /holds 2 private keys/],
  ['half of a file', PEM.slice(0, 120), /is malformed PEM/],
  ['a public JWK', JSON.stringify({ ...KEY, d: undefined }), /no private half/],
  ['a set of JWKs', JSON.stringify({ keys: [KEY] }), /a set of JWKs/],
  ['a JWK for ECDH', JSON.stringify({ ...KEY, use: 'enc' }), /another use or algorithm/],
  ['a JWK whose halves do not belong together', JSON.stringify({ ...KEY, d: newAssertionKey().d }), /malformed JWK/],
  ['a symmetric JWK', '{"kty":"oct","k":"aGVsbG8"}', /has no private half|symmetric/],
  ['half of a JWK', JSON.stringify(KEY).slice(0, 40), /is not JSON/],
];

test('keys that cannot sign ES256 are refused, and never repeated', (t) => {
  for (const [what, key, message] of REFUSED) {
    const problem = problemOf(key) ?? '';
    t.regex(problem, /^assertion\.keys\[0\] /, what);
    t.regex(problem, message, what);
    t.notRegex(problem, new RegExp(`hunter2|${KEY.d}|${KEY.x}`), what);
  }
  t.is(problemOf(PEM), undefined);
  t.is(problemOf(JSON.stringify(KEY)), undefined);
});

const VALID = `assertion: { issuer: "https://a" }`;
const ROUTE = 'name: orders, path: /api/v1/orders, upstream: "http://127.0.0.1:9000"';
const SAME_KEYS = JSON.stringify([JSON.stringify(KEY), pemOf(KEY)]);
const CONFLICTS: readonly [text: string, at: string, message: RegExp][] = [
  [`assertion: {}\n${ROUTES}`, 'assertion.issuer', /is missing; must be a URL/],
  [`assertion:\n${ROUTES}`, 'assertion', /is empty; must be a map/],
  [`assertion: { issuer: api }\n${ROUTES}`, 'assertion.issuer', /must be a URL such as/],
  [`assertion: { issuer: "https://a", lifetime: 9s }\n${ROUTES}`, 'assertion.lifetime', /from 10s to 5m/],
  [`assertion: { issuer: "https://a", lifetime: 301s }\n${ROUTES}`, 'assertion.lifetime', /from 10s to 5m/],
  [`assertion: { issuer: "https://a", claims: [name] }\n${ROUTES}`, 'assertion.claims[0]', /must be one of email/],
  [
    `assertion: { issuer: "https://a", keys: ${SAME_KEYS} }\n${ROUTES}`,
    'assertion.keys[1]',
    /assertion\.keys\[0\] too/,
  ],
  [
    `tokens: { secrets: [${JSON.stringify(pemOf(KEY))}] }\nassertion: { issuer: "https://a", keys: ${JSON.stringify([JSON.stringify(KEY)])} }\n${ROUTES}`,
    'assertion.keys[0]',
    /is tokens\.secrets\[0\] too/,
  ],
  [
    `database: { url: "mysql://u:p@h/d" }\ntokens: { secrets: [${'x'.repeat(32)}] }\n${VALID}\n${ROUTES}`,
    'assertion.keys',
    /is empty; with a database server it needs a key/,
  ],
  ...['true', 'false', 'orders'].map((value): [string, string, RegExp] => [
    `routes: [{ ${ROUTE}, assertion: ${value} }]`,
    'routes[0].assertion',
    /has no effect without assertion/,
  ]),
  [`${VALID}\nroutes: [{ ${ROUTE}, assertion: "a b" }]`, 'routes[0].assertion', /visible ASCII/],
  [
    `${VALID}\nroutes: [{ name: a, path: /a, upstream: "http://x", auth: none, assertion: a }]`,
    'routes[0].assertion',
    /auth: none/,
  ],
  [
    `${VALID}\nroutes: [{ name: a, path: /.well-known/JWKS.json, upstream: "http://x" }]`,
    'routes[0].path',
    /publishes the keys/,
  ],
  [
    `${VALID}\napi: { prefix: /.well-known }\nroutes: [{ name: a, path: /a, upstream: "http://x" }]`,
    'api.prefix',
    /covers/,
  ],
  [`${VALID}\npages: { path: /.well-known/jwks.json }\n${ROUTES}`, 'pages.path', /publishes the keys/],
  [`routes: [{ name: key-set, path: /a, upstream: "http://x" }]`, 'routes[0].name', /reserved/],
];

test('what contradicts assertion is told where it is written', (t) => {
  for (const [text, at, message] of CONFLICTS) {
    const [problem, ...others] = problemsOf(text);
    t.deepEqual(others, [], text);
    t.is(problem?.at.split(' ')[1], at, text);
    t.regex(problem?.message ?? '', message, text);
  }
});

test('a route takes true, false or an audience, also as text from a variable', (t) => {
  for (const [written, read] of [
    ['true', true],
    ['"false"', false],
    ['https://orders.example.com/', 'https://orders.example.com/'],
  ] as const) {
    const { routes } = settingsOf(t, `${VALID}\nroutes: [{ ${ROUTE}, assertion: ${written} }]`);
    t.is(routes[0]?.assertion, read);
  }
  t.is(
    settingsOf(t, `${VALID}\nroutes: [{ name: a, path: /.well-known/jwks.json/x, upstream: "http://x" }]`).assertion
      ?.lifetime,
    60_000,
  );
});

test('nginx may not keep a yes for longer than its assertion is valid', (t) => {
  const problems = (cache: string) =>
    problemsOf(
      `assertion: { issuer: "https://a", keys: [${JSON.stringify(PEM)}], lifetime: 60s }\ndecisions: { cache: ${cache} }\n${ROUTES}`,
    ).map(({ at, message }) => `${at.split(' ')[1]} ${message}`);
  t.deepEqual(problems('30s'), []);
  t.regex(
    problems('31s')[0] ?? '',
    /^decisions\.cache is more than half of assertion\.lifetime \(60s\).*must be 30s or less/,
  );
});
