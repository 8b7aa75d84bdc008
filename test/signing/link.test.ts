import { createHmac } from 'node:crypto';
import test from 'ava';
import jwt from 'jsonwebtoken';
import type { Account } from '../../gateway/domain/account.ts';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { derivedKey, keyIdOf } from '../../gateway/signing/keys.ts';
import { createLinks, type LinkPurpose } from '../../gateway/signing/link.ts';
import { tokenSigner } from '../../gateway/signing/token.ts';

const SECRET = 'a secret of thirty-two bytes or more';
const OLD_SECRET = 'another secret, of thirty-two bytes or more';
const HOUR = 3_600_000;
const ADA: Account = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: 'h',
  confirmed: false,
  stamp: 'stamp',
  groups: [],
};
const CHANGE = { email: 'new@example.com', endTokens: true };
const PURPOSES = ['confirm', 'reset', 'email'] as const satisfies LinkPurpose[];

const KEY = derivedKey(SECRET, 'mailed links');
const links = createLinks({ secrets: [SECRET] });

function made(purpose: LinkPurpose, account = ADA): string {
  return links.make(purpose === 'email' ? { purpose, ...CHANGE } : { purpose }, account, HOUR);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

type Json = Record<string, unknown>;

function partOf(token: string, index: 0 | 1): Json {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
}

function forged(header: Json | string, payload: Json | string, key: Buffer | string = KEY, hash = 'sha256'): string {
  const signed = [header, payload]
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}

const HEADER = partOf(made('reset'), 0);
const PAYLOAD = partOf(made('reset'), 1);
const EMAIL_PAYLOAD = partOf(made('email'), 1);

function without(object: Json, key: string): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

test('a link opens for its purpose alone, and says whose it is', (t) => {
  for (const purpose of PURPOSES) {
    for (const other of PURPOSES) {
      const opened = links.verify(other, made(purpose));
      if (other !== purpose) {
        t.is(opened, null, `${purpose} as ${other}`);
        continue;
      }
      t.is(opened?.accountId, '1');
      t.deepEqual(opened?.change, purpose === 'email' ? CHANGE : null);
      t.true(opened?.isFor(ADA));
    }
  }
});

test('the same link written by hand opens too, so that what follows is refused for what is wrong with it', (t) => {
  t.true(links.verify('reset', forged(HEADER, PAYLOAD))?.isFor(ADA));
  t.true(links.verify('email', forged(HEADER, EMAIL_PAYLOAD))?.isFor(ADA));
});

test('a link holds neither the address, the stamp nor the hash of its account', (t) => {
  t.deepEqual(Object.keys(PAYLOAD).sort(), ['aud', 'bnd', 'exp', 'iat', 'iss', 'sub']);
  t.deepEqual(Object.keys(EMAIL_PAYLOAD).sort(), ['aud', 'bnd', 'email', 'end', 'exp', 'iat', 'iss', 'sub']);
  t.is(Number(PAYLOAD.exp) - Number(PAYLOAD.iat), HOUR / 1000);
});

test('any change of the account makes its links void, and another account has no use for them', (t) => {
  for (const purpose of PURPOSES) {
    const opened = links.verify(purpose, made(purpose));
    const changes: Partial<Account>[] = [
      { stamp: 'another' },
      { email: 'other@example.com' },
      { email: 'Ada@example.com' },
      { confirmed: true },
      { id: '2' },
    ];
    for (const change of changes) t.false(opened?.isFor({ ...ADA, ...change }), JSON.stringify(change));
    // The same password under another hash is no change.
    t.true(opened?.isFor({ ...ADA, passwordHash: 'upgraded' }));
  }
});

test('neither does a token of the API open as a link nor a link as a token, whatever is written into it', (t) => {
  const signer = tokenSigner({ secrets: [SECRET], maxLifetime: HOUR * 24 });
  const token = signer.sign(ADA, { jti: 'j', issuedAt: now(), lifetime: 600, ...UNRESTRICTED });
  const tokenHeader = partOf(token, 0);
  const tokenPayload = partOf(token, 1);
  for (const purpose of PURPOSES) {
    t.is(links.verify(purpose, token), null);
    t.is(links.verify(purpose, forged(tokenHeader, { ...tokenPayload, aud: `gatehouse:${purpose}` }, SECRET)), null);
    t.is(links.verify(purpose, forged(HEADER, { ...tokenPayload, aud: `gatehouse:${purpose}` }, SECRET)), null);
    const link = made(purpose);
    t.false(signer.verify(link).ok);
    t.false(signer.verify(forged(HEADER, { ...partOf(link, 1), aud: 'gatehouse:api', jti: 'j' })).ok);
    t.false(signer.verify(forged(tokenHeader, { ...partOf(link, 1), aud: 'gatehouse:api', jti: 'j' })).ok);
  }
});

const altered = (index: number, change: (part: string) => string) =>
  made('reset')
    .split('.')
    .map((part, i) => (i === index ? change(part) : part))
    .join('.');
const lastBits = (part: string) => part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1);
const unsigned = (alg: string) =>
  `${[{ ...HEADER, alg }, PAYLOAD].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

const encoded = (part: Json) => Buffer.from(JSON.stringify(part)).toString('base64url');
const signedParts = (header: string, payload: string) =>
  `${header}.${payload}.${createHmac('sha256', KEY).update(`${header}.${payload}`).digest('base64url')}`;

const REFUSED: [string, string][] = [
  ['a header that must be understood', forged({ ...HEADER, crit: ['exp'] }, PAYLOAD)],
  ['an unencoded payload', forged({ ...HEADER, b64: false, crit: ['b64'] }, PAYLOAD)],
  ['a compression', forged({ ...HEADER, zip: 'DEF' }, PAYLOAD)],
  ['a key of its own', forged({ ...HEADER, jwk: { kty: 'oct', k: 'eA' } }, PAYLOAD)],
  ['a parameter that nobody knows', forged({ ...HEADER, x: 1 }, PAYLOAD)],
  ['no type', forged(without(HEADER, 'typ'), PAYLOAD)],
  ['two algorithms', forged(JSON.stringify(HEADER).replace('{', '{"alg":"none",'), PAYLOAD)],
  ['white space in its header', forged(JSON.stringify(HEADER, null, 1), PAYLOAD)],
  ['a header that is padded', signedParts(`${encoded(HEADER)}=`, encoded(PAYLOAD))],
  ['a payload that is padded', signedParts(encoded(HEADER), `${encoded(PAYLOAD)}=`)],
  ['white space in its payload', forged(HEADER, JSON.stringify(PAYLOAD, null, 1))],
  ['two subjects', forged(HEADER, JSON.stringify(PAYLOAD).replace('{', '{"sub":"2",'))],
  ['an exp with a fraction', forged(HEADER, { ...PAYLOAD, exp: Number(PAYLOAD.exp) + 0.5 })],
  ['a claim that is not ours', forged(HEADER, { ...PAYLOAD, jti: 'j' })],
  ['the algorithm none', unsigned('none')],
  ['the algorithm NONE', unsigned('NONE')],
  ['no signature', altered(2, () => '')],
  ['HS384', forged({ ...HEADER, alg: 'HS384' }, PAYLOAD, KEY, 'sha384')],
  ['HS512', forged({ ...HEADER, alg: 'HS512' }, PAYLOAD, KEY, 'sha512')],
  ['RS256 with the key as its key', forged({ ...HEADER, alg: 'RS256' }, PAYLOAD)],
  ['no kid', forged(without(HEADER, 'kid'), PAYLOAD)],
  ['an unknown kid', forged({ ...HEADER, kid: 'x' }, PAYLOAD)],
  ['a kid that is no string', forged({ ...HEADER, kid: ['x'] }, PAYLOAD)],
  ['a kid that names something of an object', forged({ ...HEADER, kid: '__proto__' }, PAYLOAD)],
  ['the secret itself as its key', forged({ ...HEADER, kid: keyIdOf(SECRET) }, PAYLOAD, SECRET)],
  ['another secret', forged(HEADER, PAYLOAD, derivedKey(OLD_SECRET, 'mailed links'))],
  ['a key for another purpose', forged(HEADER, PAYLOAD, derivedKey(SECRET, 'sessions'))],
  ['another payload', altered(1, () => Buffer.from(JSON.stringify({ ...PAYLOAD, sub: '2' })).toString('base64url'))],
  ['a signature whose unused bits are set', altered(2, lastBits)],
  ['a signature with padding', altered(2, (part) => `${part}=`)],
  ['a fourth part', `${made('reset')}.x`],
  ['a space behind it', `${made('reset')} `],
  ['no exp', forged(HEADER, without(PAYLOAD, 'exp'))],
  ['an exp that is text', forged(HEADER, { ...PAYLOAD, exp: String(PAYLOAD.exp) })],
  ['an exp of now', forged(HEADER, { ...PAYLOAD, iat: now() - 600, exp: now() })],
  ['an end before its beginning', forged(HEADER, { ...PAYLOAD, iat: now() + 20, exp: now() + 10 })],
  ['no iat', forged(HEADER, without(PAYLOAD, 'iat'))],
  ['an iat that is text', forged(HEADER, { ...PAYLOAD, iat: String(PAYLOAD.iat) })],
  ['an iat in the future', forged(HEADER, { ...PAYLOAD, iat: now() + 120, exp: now() + 600 })],
  ['an nbf in the future', forged(HEADER, { ...PAYLOAD, nbf: now() + 120 })],
  ['another issuer', forged(HEADER, { ...PAYLOAD, iss: 'other' })],
  ['no issuer', forged(HEADER, without(PAYLOAD, 'iss'))],
  ['another audience', forged(HEADER, { ...PAYLOAD, aud: 'gatehouse:confirm' })],
  ['several audiences', forged(HEADER, { ...PAYLOAD, aud: ['gatehouse:reset', 'gatehouse:confirm'] })],
  ['a list of one audience', forged(HEADER, { ...PAYLOAD, aud: ['gatehouse:reset'] })],
  ['no audience', forged(HEADER, without(PAYLOAD, 'aud'))],
  ['a numeric sub', forged(HEADER, { ...PAYLOAD, sub: 1 })],
  ['an empty sub', forged(HEADER, { ...PAYLOAD, sub: '' })],
  ['no sub', forged(HEADER, without(PAYLOAD, 'sub'))],
  ['nothing that binds it', forged(HEADER, without(PAYLOAD, 'bnd'))],
  ['a binding that is no text', forged(HEADER, { ...PAYLOAD, bnd: null })],
  ['an email that it has no use for', forged(HEADER, { ...PAYLOAD, email: 'x@example.com' })],
  ['a payload of text', forged(HEADER, 'text')],
  ['a payload of null', forged(HEADER, 'null')],
  ['a payload of a list', forged(HEADER, '[]')],
  ['an empty payload', forged(HEADER, '')],
  ['a header of null', forged('null', PAYLOAD)],
  ['nothing', ''],
  ['two dots', '..'],
  ['a great many dots', '.'.repeat(10_000)],
];

for (const [title, text] of REFUSED) {
  test(`a link with ${title} is refused, and nothing is thrown`, (t) => t.is(links.verify('reset', text), null));
}

test('a link for a new address is refused without one, and without a word on tokens', (t) => {
  const changes = [{ email: 7 }, { email: null }, { email: undefined }, { end: 1 }, { end: undefined }, { end: null }];
  for (const change of [...changes, { email: undefined, end: undefined }]) {
    t.is(links.verify('email', forged(HEADER, { ...EMAIL_PAYLOAD, ...change })), null, JSON.stringify(change));
  }
});

test('a binding of another length or another state is no match, and nothing is thrown', (t) => {
  for (const bnd of ['', 'x'.repeat(22), 'ä'.repeat(22), String(PAYLOAD.bnd).slice(0, 21)]) {
    t.false(links.verify('reset', forged(HEADER, { ...PAYLOAD, bnd }))?.isFor(ADA), bnd);
  }
});

test('when secrets rotate, the first signs and all verify, until one is taken away', (t) => {
  const before = createLinks({ secrets: [OLD_SECRET] });
  const during = createLinks({ secrets: [SECRET, OLD_SECRET] });
  const old = before.make({ purpose: 'reset' }, ADA, HOUR);
  t.true(during.verify('reset', old)?.isFor(ADA));
  t.is(links.verify('reset', old), null);
  t.true(links.verify('reset', during.make({ purpose: 'reset' }, ADA, HOUR))?.isFor(ADA));
  t.notThrows(() => jwt.verify(old, derivedKey(OLD_SECRET, 'mailed links'), { algorithms: ['HS256'] }));
});
