import { createHmac } from 'node:crypto';
import test from 'ava';
import jwt from 'jsonwebtoken';
import type { Account } from '../../gateway/domain/account.ts';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { tokenSigner } from '../../gateway/signing/token.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const OLD_SECRET = 'another secret, of thirty-two bytes or more';
const DAY = 86_400;
const ADA: Account = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: null,
  confirmed: true,
  stamp: 'stamp',
  groups: [],
};

const signer = tokenSigner({ secrets: [SECRET], maxLifetime: 30 * DAY * 1000 });

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function issued(): string {
  return signer.sign(ADA, { jti: 'j1', issuedAt: now(), lifetime: 600, ...UNRESTRICTED });
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

test('what a token is restricted to is read as it was signed, and both are left out of other tokens', (t) => {
  const wish = { jti: 'j1', issuedAt: now(), lifetime: 600 };
  const restrictions = { scope: ['orders:read', 'orders:write'], addresses: ['203.0.113.0/24'] };
  const token = signer.sign(ADA, { ...wish, ...restrictions });
  t.like(partOf(token, 1), { scope: 'orders:read orders:write', adr: ['203.0.113.0/24'] });
  const [restricted, other] = [signer.verify(token), signer.verify(issued())];
  if (!restricted.ok || !other.ok) return t.fail();
  t.like(restricted.claims, restrictions);
  t.like(other.claims, UNRESTRICTED);
  for (const claims of [
    { scope: '' },
    { scope: [] },
    { scope: null },
    { adr: [] },
    { adr: '203.0.113.0/24' },
    { adr: [1] },
  ]) {
    t.false(signer.verify(forged(HEADER, { ...PAYLOAD, ...claims })).ok, JSON.stringify(claims));
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

const encoded = (part: Json) => Buffer.from(JSON.stringify(part)).toString('base64url');
/** Any two texts, with the signature that is right for them. */
const signedParts = (header: string, payload: string, key: Buffer | string = SECRET) =>
  `${header}.${payload}.${createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url')}`;
/** Of the lengths that leave bits unused, or need padding. */
const uneven = (payload: Json) => {
  const sub = ['1', '12', '123'].find((id) => JSON.stringify({ ...payload, sub: id }).length % 3 !== 0);
  return { ...payload, sub };
};
const withUnusedBits = (payload: Json) => {
  const text = encoded(uneven(payload));
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.at(-1) ?? '') + 1];
};
const padded = (payload: Json) => {
  const text = encoded(uneven(payload));
  return text + '='.repeat((4 - (text.length % 4)) % 4);
};

test('a payload of any length verifies as long as it is written plainly', (t) => {
  for (const sub of ['1', '12', '123']) t.true(signer.verify(forged(HEADER, { ...PAYLOAD, sub })).ok, sub);
  t.true(signer.verify(signedParts(encoded(HEADER), encoded(PAYLOAD))).ok);
});

const REFUSED: [string, string][] = [
  ['a header that must be understood', forged({ ...HEADER, crit: ['exp'] }, PAYLOAD)],
  ['a crit that names what nobody knows', forged({ ...HEADER, crit: ['x'], x: 1 }, PAYLOAD)],
  ['an empty crit', forged({ ...HEADER, crit: [] }, PAYLOAD)],
  ['a crit of null', forged({ ...HEADER, crit: null }, PAYLOAD)],
  ['a crit that is no list', forged({ ...HEADER, crit: 'exp' }, PAYLOAD)],
  ['an unencoded payload', forged({ ...HEADER, b64: false, crit: ['b64'] }, PAYLOAD)],
  ['b64 by itself', forged({ ...HEADER, b64: true }, PAYLOAD)],
  ['a compression', forged({ ...HEADER, zip: 'DEF' }, PAYLOAD)],
  ['a place of keys', forged({ ...HEADER, jku: 'https://evil.example/keys' }, PAYLOAD)],
  ['a key beside ours', forged({ ...HEADER, jwk: { kty: 'oct', k: 'eA' } }, PAYLOAD)],
  ['a certificate', forged({ ...HEADER, x5c: ['MII'] }, PAYLOAD)],
  ['a place of certificates', forged({ ...HEADER, x5u: 'https://evil.example/cert' }, PAYLOAD)],
  ['the print of a certificate', forged({ ...HEADER, x5t: 'x' }, PAYLOAD)],
  ['a content type', forged({ ...HEADER, cty: 'JWT' }, PAYLOAD)],
  ['another type', forged({ ...HEADER, typ: 'at+jwt' }, PAYLOAD)],
  ['the type in lower case', forged({ ...HEADER, typ: 'jwt' }, PAYLOAD)],
  ['no type', forged(without(HEADER, 'typ'), PAYLOAD)],
  ['a parameter that nobody knows', forged({ ...HEADER, x: 1 }, PAYLOAD)],
  ['an issuer in its header', forged({ ...HEADER, iss: 'gatehouse' }, PAYLOAD)],
  ['a parameter named __proto__', forged(JSON.stringify(HEADER).replace('{', '{"__proto__":{},'), PAYLOAD)],
  ['two algorithms', forged(JSON.stringify(HEADER).replace('{', '{"alg":"none",'), PAYLOAD)],
  ['the same algorithm twice', forged(JSON.stringify(HEADER).replace('{', '{"alg":"HS256",'), PAYLOAD)],
  ['two kids', forged(JSON.stringify(HEADER).replace('{', '{"kid":"x",'), PAYLOAD)],
  ['an escaped name in its header', forged(JSON.stringify(HEADER).replace('"alg"', '"\\u0061lg"'), PAYLOAD)],
  ['white space in its header', forged(JSON.stringify(HEADER, null, 1), PAYLOAD)],
  ['white space behind its header', forged(`${JSON.stringify(HEADER)}\n`, PAYLOAD)],
  ['a byte order mark', forged(`\ufeff${JSON.stringify(HEADER)}`, PAYLOAD)],
  ['a header that is padded', signedParts(`${encoded(HEADER)}=`, encoded(PAYLOAD))],
  ['a header in the other alphabet', signedParts(`${encoded(HEADER)}+`, encoded(PAYLOAD))],
  [
    'a line end in its header',
    signedParts(`${encoded(HEADER).slice(0, 8)}\n${encoded(HEADER).slice(8)}`, encoded(PAYLOAD)),
  ],
  ['a payload whose unused bits are set', signedParts(encoded(HEADER), withUnusedBits(PAYLOAD))],
  ['a payload that is padded', signedParts(encoded(HEADER), padded(PAYLOAD))],
  ['white space in its payload', forged(HEADER, JSON.stringify(PAYLOAD, null, 1))],
  ['two subjects', forged(HEADER, JSON.stringify(PAYLOAD).replace('{', '{"sub":"2",'))],
  ['the same subject twice', forged(HEADER, JSON.stringify(PAYLOAD).replace('{', '{"sub":"1",'))],
  ['an escaped name in its payload', forged(HEADER, JSON.stringify(PAYLOAD).replace('"sub"', '"\\u0073ub"'))],
  ['an exp in another notation', forged(HEADER, JSON.stringify(PAYLOAD).replace(/"exp":(\d+)/, '"exp":$1.0'))],
  ['an exp with a fraction', forged(HEADER, { ...PAYLOAD, exp: Number(PAYLOAD.exp) + 0.5 })],
  ['a claim that is not ours', forged(HEADER, { ...PAYLOAD, admin: true })],
  ['an nbf in the past', forged(HEADER, { ...PAYLOAD, nbf: 0 })],
  ['a list of one audience', forged(HEADER, { ...PAYLOAD, aud: ['gatehouse:api'] })],
  ['several audiences', forged(HEADER, { ...PAYLOAD, aud: ['gatehouse:api', 'gatehouse:confirm'] })],
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
  t.true(signer.verify(signer.sign(ADA, { jti: 'j', issuedAt: now(), lifetime: 30 * DAY, ...UNRESTRICTED })).ok);
});

test('when secrets rotate, the first signs and all verify, until one is taken away', (t) => {
  const before = tokenSigner({ secrets: [OLD_SECRET], maxLifetime: DAY * 1000 });
  const during = tokenSigner({ secrets: [SECRET, OLD_SECRET], maxLifetime: DAY * 1000 });
  const after = tokenSigner({ secrets: [SECRET], maxLifetime: DAY * 1000 });
  const wish = { jti: 'j', issuedAt: now(), lifetime: 60, ...UNRESTRICTED };
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
