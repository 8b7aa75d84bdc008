import { createHmac } from 'node:crypto';
import test from 'ava';
import jwt from 'jsonwebtoken';
import type { Account } from '../../gateway/state.ts';
import { tokenSigner } from '../../gateway/tokens/token.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const OLD_SECRET = 'another secret, of thirty-two bytes or more';
const DAY = 86_400;
const ADA: Account = { id: '1', email: 'ada@example.com', passwordHash: null, confirmed: true, stamp: 'stamp' };

const signer = tokenSigner({ secrets: [SECRET], maxLifetime: 30 * DAY * 1000 });

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function issued(): string {
  return signer.sign(ADA, { jti: 'j1', issuedAt: now(), lifetime: 600 });
}

type Json = Record<string, unknown>;

function partOf(token: string, index: 0 | 1): Json {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
}

/** Writes a token by hand: what a library would refuse to write is what must be refused. */
function forged(header: Json | string, payload: Json | string, secret = SECRET, hash = 'sha256'): string {
  const signed = [header, payload]
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

const HEADER = partOf(issued(), 0);
const PAYLOAD = partOf(issued(), 1);

function without(object: Json, key: string): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

test('an issued token has exactly the header and the claims that the contract names, and one that binds it', (t) => {
  t.deepEqual(Object.keys(HEADER).sort(), ['alg', 'kid', 'typ']);
  t.is(HEADER.alg, 'HS256');
  t.deepEqual(Object.keys(PAYLOAD).sort(), ['aud', 'bnd', 'exp', 'iat', 'iss', 'jti', 'sub']);
  t.is(PAYLOAD.sub, '1');
});

test('an issued token verifies, and so does the same one written by hand', (t) => {
  for (const token of [issued(), forged(HEADER, PAYLOAD)]) {
    const verified = signer.verify(token);
    if (!verified.ok) return t.fail(verified.reason);
    t.is(verified.claims.accountId, '1');
    t.is(verified.claims.jti, 'j1');
    t.is(verified.claims.expiresAt - verified.claims.issuedAt, 600);
    t.true(verified.isBoundTo(ADA));
  }
});

const none = (payload: Json, alg: string) =>
  `${[{ ...HEADER, alg }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
const altered = (index: number, change: (part: string) => string) =>
  issued()
    .split('.')
    .map((part, i) => (i === index ? change(part) : part))
    .join('.');
const lastBits = (part: string) => part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1);

const REFUSED: [string, string][] = [
  ['the algorithm none', none(PAYLOAD, 'none')],
  ['the algorithm NONE', none(PAYLOAD, 'NONE')],
  ['no signature', altered(2, () => '')],
  ['HS384', forged({ ...HEADER, alg: 'HS384' }, PAYLOAD, SECRET, 'sha384')],
  ['HS512', forged({ ...HEADER, alg: 'HS512' }, PAYLOAD, SECRET, 'sha512')],
  ['RS256 with the secret as its key', forged({ ...HEADER, alg: 'RS256' }, PAYLOAD)],
  ['ES256 with the secret as its key', forged({ ...HEADER, alg: 'ES256' }, PAYLOAD)],
  ['an algorithm in lower case', forged({ ...HEADER, alg: 'hs256' }, PAYLOAD)],
  ['no algorithm', forged(without(HEADER, 'alg'), PAYLOAD)],
  ['a key of its own', forged({ ...HEADER, jwk: { kty: 'oct', k: 'eA' } }, PAYLOAD, 'x')],
  ['no kid', forged(without(HEADER, 'kid'), PAYLOAD)],
  ['an unknown kid', forged({ ...HEADER, kid: 'x' }, PAYLOAD)],
  ['a kid that is no string', forged({ ...HEADER, kid: ['x'] }, PAYLOAD)],
  ['a kid that names something of an object', forged({ ...HEADER, kid: '__proto__' }, PAYLOAD)],
  ['another secret', forged(HEADER, PAYLOAD, OLD_SECRET)],
  ['another payload', altered(1, () => Buffer.from(JSON.stringify({ ...PAYLOAD, sub: '2' })).toString('base64url'))],
  ['another signature', altered(2, (part) => [...part].reverse().join(''))],
  ['a signature whose unused bits are set', altered(2, lastBits)],
  ['a signature with padding', altered(2, (part) => `${part}=`)],
  ['a fourth part', `${issued()}.x`],
  ['a space behind it', `${issued()} `],
  ['no exp', forged(HEADER, without(PAYLOAD, 'exp'))],
  ['an exp that is text', forged(HEADER, { ...PAYLOAD, exp: String(PAYLOAD.exp) })],
  ['an exp of null', forged(HEADER, { ...PAYLOAD, exp: null })],
  ['an infinite exp', forged(HEADER, JSON.stringify(PAYLOAD).replace(/"exp":\d+/, '"exp":1e999'))],
  ['an infinite life', forged(HEADER, JSON.stringify(PAYLOAD).replace(/"iat":\d+/, '"iat":-1e999'))],
  ['an exp in the past', forged(HEADER, { ...PAYLOAD, iat: now() - 600, exp: now() - 1 })],
  ['an exp of now', forged(HEADER, { ...PAYLOAD, iat: now() - 600, exp: now() })],
  ['a life beyond the longest', forged(HEADER, { ...PAYLOAD, exp: Number(PAYLOAD.iat) + 30 * DAY + 1 })],
  ['an end before its beginning', forged(HEADER, { ...PAYLOAD, iat: now() + 20, exp: now() + 10 })],
  ['no iat', forged(HEADER, without(PAYLOAD, 'iat'))],
  ['an iat that is text', forged(HEADER, { ...PAYLOAD, iat: String(PAYLOAD.iat) })],
  ['an iat in the future', forged(HEADER, { ...PAYLOAD, iat: now() + 120, exp: now() + 600 })],
  ['an nbf in the future', forged(HEADER, { ...PAYLOAD, nbf: now() + 120 })],
  ['another issuer', forged(HEADER, { ...PAYLOAD, iss: 'other' })],
  ['no issuer', forged(HEADER, without(PAYLOAD, 'iss'))],
  ['the audience of another kind of token', forged(HEADER, { ...PAYLOAD, aud: 'gatehouse:confirm' })],
  ['no audience', forged(HEADER, without(PAYLOAD, 'aud'))],
  ['a numeric sub', forged(HEADER, { ...PAYLOAD, sub: 1 })],
  ['an empty sub', forged(HEADER, { ...PAYLOAD, sub: '' })],
  ['no sub', forged(HEADER, without(PAYLOAD, 'sub'))],
  ['a list as sub', forged(HEADER, { ...PAYLOAD, sub: ['1'] })],
  ['no jti', forged(HEADER, without(PAYLOAD, 'jti'))],
  ['a numeric jti', forged(HEADER, { ...PAYLOAD, jti: 1 })],
  ['nothing that binds it', forged(HEADER, without(PAYLOAD, 'bnd'))],
  ['a payload of text', forged(HEADER, 'text')],
  ['a payload of a JSON string', forged(HEADER, '"text"')],
  ['a payload of null', forged(HEADER, 'null')],
  ['a payload of a list', forged(HEADER, '[]')],
  ['a payload of a number', forged(HEADER, '1')],
  ['an empty payload', forged(HEADER, '')],
  ['a header of null', forged('null', PAYLOAD)],
  ['a header that is no JSON', forged('x', PAYLOAD)],
  ['nothing', ''],
  ['two dots', '..'],
  ['a great many dots', '.'.repeat(10_000)],
];

for (const [title, token] of REFUSED) {
  test(`a token with ${title} is refused, and nothing is thrown`, (t) => t.false(signer.verify(token).ok));
}

test('a clock that is a little ahead does not refuse a token, and the longest life is allowed', (t) => {
  t.true(signer.verify(forged(HEADER, { ...PAYLOAD, iat: now() + 10 })).ok);
  t.true(signer.verify(signer.sign(ADA, { jti: 'j', issuedAt: now(), lifetime: 30 * DAY })).ok);
});

test('when secrets rotate, the first signs and all verify, until one is taken away', (t) => {
  const before = tokenSigner({ secrets: [OLD_SECRET], maxLifetime: DAY * 1000 });
  const during = tokenSigner({ secrets: [SECRET, OLD_SECRET], maxLifetime: DAY * 1000 });
  const after = tokenSigner({ secrets: [SECRET], maxLifetime: DAY * 1000 });
  const wish = { jti: 'j', issuedAt: now(), lifetime: 60 };
  const [old, young] = [before.sign(ADA, wish), during.sign(ADA, wish)];
  for (const [verifier, token, expected] of [
    [before, old, true],
    [during, old, true],
    [after, old, false],
    [before, young, false],
    [during, young, true],
    [after, young, true],
  ] as const) {
    const verified = verifier.verify(token);
    t.is(verified.ok && verified.isBoundTo(ADA), expected);
  }
  t.notThrows(() => jwt.verify(young, SECRET, { algorithms: ['HS256'] }));
  t.not(partOf(old, 0).kid, partOf(young, 0).kid);
});

test("a token is bound to its account's stamp: with another it is worth nothing", (t) => {
  const verified = signer.verify(issued());
  if (!verified.ok) return t.fail(verified.reason);
  const another = { ...ADA, stamp: 'another' };
  // The answer is remembered, and must not outlive the stamp that it was for.
  for (const [account, expected] of [
    [another, false],
    [ADA, true],
    [ADA, true],
    [another, false],
    [ADA, true],
  ] as const) {
    t.is(verified.isBoundTo(account), expected);
  }
  for (const bnd of ['', 'ä'.repeat(22), 'x'.repeat(22)]) {
    const other = signer.verify(forged(HEADER, { ...PAYLOAD, bnd }));
    t.false(other.ok && other.isBoundTo(ADA), bnd);
    t.true(other.ok, bnd);
  }
});
