import { createPublicKey, verify, type webcrypto } from 'node:crypto';
import test from 'ava';
import type { Identity, VerifiedToken } from '../../gateway/domain/identity.ts';
import { newAssertionKey } from '../../gateway/settings/schema/assertion-key.ts';
import type { AssertionSettings } from '../../gateway/settings/schema/settings.ts';
import { createAssertions } from '../../gateway/signing/assertion.ts';
import { keyIdOf } from '../../gateway/signing/assertion-keys.ts';

const START = 1_800_000_000_500;
const KEY = newAssertionKey();
const SETTINGS: AssertionSettings = { keys: [KEY], issuer: 'https://api.example.com', lifetime: 60_000, claims: [] };
const ACCOUNT = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: null,
  confirmed: true,
  stamp: 'first',
  groups: [],
};
const ADA: Identity = { by: 'password', account: ACCOUNT };

/** Assertions with a clock that the test sets. */
function signing(settings: Partial<AssertionSettings> = {}) {
  const clock = { time: START };
  const lookUps = { hits: 0, misses: 0 };
  const assertions = createAssertions(
    { ...SETTINGS, ...settings },
    () => clock.time,
    lookUps,
    () => ({ key: '', claims: {} }),
  );
  return { clock, lookUps, ...assertions };
}

function parsed(jwt: string): { header: unknown; payload: Record<string, unknown> } {
  const [header, payload] = jwt.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header ?? ''), payload: JSON.parse(payload ?? '') };
}

/** Verifies with a key of the published set, chosen by `kid`. */
function isSignedBy(keySet: { readonly body: string }, jwt: string): boolean {
  const { header } = parsed(jwt);
  const { keys } = JSON.parse(keySet.body) as { keys: (webcrypto.JsonWebKey & { kid: string })[] };
  const jwk = keys.find(({ kid }) => kid === (header as { kid: string }).kid);
  if (jwk === undefined) return false;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const [signed, signature = ''] = [jwt.slice(0, jwt.lastIndexOf('.')), jwt.split('.')[2]];
  return verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
}

test('an assertion has the documented header and claims, and a signature by the published key', (t) => {
  const { forAudience, keySet } = signing();
  const jwt = forAudience('orders')(ADA);
  t.deepEqual(parsed(jwt), {
    header: { alg: 'ES256', typ: 'JWT', kid: keyIdOf(KEY) },
    payload: {
      iss: 'https://api.example.com',
      aud: 'orders',
      sub: '1',
      iat: 1_800_000_000,
      exp: 1_800_000_060,
      amr: ['pwd'],
    },
  });
  t.true(isSignedBy(keySet, jwt));
  const byToken = forAudience('orders')({
    by: 'token',
    account: ACCOUNT,
    token: {} as VerifiedToken,
    scheme: 'bearer',
  });
  t.deepEqual(parsed(byToken).payload.amr, ['token']);
});

test('the key id is the thumbprint of RFC 7638', (t) => {
  // RFC 7638 has an example for RSA alone; this one was computed with jose.
  const key = {
    kty: 'EC',
    crv: 'P-256',
    d: '',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  } as const;
  t.is(keyIdOf(key), 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U');
});

test('an assertion is used for half of its life', (t) => {
  const { forAudience, clock, lookUps } = signing();
  const assert = forAudience('orders');
  const first = assert(ADA);
  clock.time = START - 500 + 29_999;
  t.is(assert(ADA), first);
  t.deepEqual(lookUps, { hits: 1, misses: 1 });
  clock.time += 1;
  const second = assert(ADA);
  t.is(parsed(second).payload.iat, 1_800_000_030);
  t.is(assert(ADA), second);
});

test('a clock that is set back gets no assertion from the future', (t) => {
  const { forAudience, clock } = signing();
  const assert = forAudience('orders');
  assert(ADA);
  clock.time -= 3_600_000;
  t.is(parsed(assert(ADA)).payload.exp, 1_800_000_060 - 3_600);
});

test('a changed account gets a new assertion at once, and the old one never comes back', (t) => {
  const { forAudience } = signing({ claims: ['email'] });
  const assert = forAudience('orders');
  const first = assert(ADA);
  t.is(parsed(first).payload.email, 'ada@example.com');
  const renamed = assert({ by: 'password', account: { ...ACCOUNT, stamp: 'second', email: 'ada@new.example' } });
  t.is(parsed(renamed).payload.email, 'ada@new.example');
  t.not(assert(ADA), first);
});

test('accounts, audiences and methods never share an assertion, even if their names are put together alike', (t) => {
  const { forAudience, lookUps } = signing();
  const of = (id: string): Identity => ({ by: 'password', account: { ...ACCOUNT, id } });
  const combinations = [
    ...['1', '1 2', '2', 'a 1'].flatMap((id) => ['a', 'a:1', 'pwd'].map((audience) => ({ id, audience }))),
  ];
  for (const { id, audience } of [...combinations, ...combinations]) {
    const { sub, aud } = parsed(forAudience(audience)(of(id))).payload;
    t.deepEqual({ id: sub, audience: aud }, { id, audience });
  }
  t.deepEqual(lookUps, { hits: combinations.length, misses: combinations.length });
});

test('the first key signs, and all are published without their private halves', (t) => {
  const old = newAssertionKey();
  const { keySet, forAudience } = signing({ keys: [KEY, old] });
  const { keys } = JSON.parse(keySet.body) as { keys: Record<string, string>[] };
  t.deepEqual(
    keys.map(({ kid }) => kid),
    [keyIdOf(KEY), keyIdOf(old)],
  );
  for (const key of keys) t.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  t.false(keySet.body.includes(KEY.d) || keySet.body.includes(old.d));
  t.like(parsed(forAudience('a')(ADA)).header, { kid: keyIdOf(KEY) });
});
