import test from 'ava';
import type { Account } from '../../gateway/domain/account.ts';
import { storeUnavailable } from '../../gateway/domain/errors.ts';
import { type Identity, UNRESTRICTED, type VerifiedToken } from '../../gateway/domain/identity.ts';
import { createStanding } from '../../gateway/identify/standing.ts';

const NOW = Math.floor(Date.now() / 1000);
const ADA: Account = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: 'weak',
  confirmed: true,
  stamp: 'first',
  groups: [],
};
let isFresh = true;
const standing = createStanding({
  isDenied: (jti) => jti === 'denied',
  cutoffOf: (accountId) => (accountId === 'ended' ? NOW * 1000 : 0),
  now: Date.now,
  isReplaced: (hash) => hash === 'weak',
  requireFresh() {
    if (!isFresh) throw storeUnavailable('database', new Error('unknown for too long'));
  },
});

function token(claims: Partial<VerifiedToken['claims']> = {}): VerifiedToken {
  return {
    ok: true,
    claims: { jti: 'one', accountId: '1', issuedAt: NOW - 10, expiresAt: NOW + 60, ...UNRESTRICTED, ...claims },
    isBoundTo: ({ stamp }) => stamp === 'first',
    isAllowedFrom: () => true,
  };
}

test('a token ends with its time, by its id, with its account, its stamp, or all tokens of the account', (t) => {
  t.is(standing.ofToken(token(), ADA), null);
  t.is(standing.ofToken(token({ expiresAt: NOW }), ADA), 'token expired');
  t.is(standing.ofToken(token({ jti: 'denied' }), ADA), 'token revoked');
  t.is(standing.ofToken(token(), null), 'account removed');
  t.is(standing.ofToken(token(), { ...ADA, stamp: 'second' }), 'account changed since the token');
  t.is(standing.ofToken(token({ accountId: 'ended' }), ADA), 'all tokens of the account revoked');
  t.is(standing.ofToken(token({ accountId: 'ended' }), { ...ADA, confirmed: false }), null, 'which is said first');
});

test('a password ends with its account, one of its logins or its hash, but not with a stronger hash of the same password', (t) => {
  t.is(standing.ofPassword(ADA, ADA), null);
  t.is(standing.ofPassword(ADA, null), 'account removed');
  t.is(standing.ofPassword(ADA, { ...ADA, logins: ['eve@example.com'] }), 'account changed since the password');
  t.is(standing.ofPassword(ADA, { ...ADA, passwordHash: 'strong' }), null);
  t.is(standing.ofPassword(ADA, { ...ADA, passwordHash: null }), 'account changed since the password');
  const renewed = { ...ADA, passwordHash: 'strong', stamp: 'second' };
  t.is(standing.ofPassword(ADA, renewed), 'account changed since the password');
  const strong = { ...ADA, passwordHash: 'strong' };
  t.is(standing.ofPassword(strong, { ...ADA, passwordHash: 'other' }), 'account changed since the password');
});

test('a login ends with its account, one of its logins, its stamp, or all sessions of the account', (t) => {
  const login = { logins: ADA.logins, stamp: ADA.stamp, createdAt: NOW * 1000 - 1 };
  t.is(standing.ofLogin(login, ADA), null);
  t.is(standing.ofLogin(login, null), 'account removed');
  t.is(standing.ofLogin(login, { ...ADA, logins: ['eve@example.com'] }), 'account changed since the login');
  t.is(standing.ofLogin(login, { ...ADA, stamp: 'first.more' }), 'account changed since the login');
  t.is(standing.ofLogin(login, { ...ADA, id: 'ended' }), 'all sessions of the account ended');
});

test('nothing goes on for an account that is not confirmed, by whatever its owner was let in', (t) => {
  const identities: Identity[] = [
    { by: 'password', account: ADA },
    { by: 'token', account: ADA, token: token(), scheme: 'basic' },
  ];
  for (const identity of identities) {
    t.is(standing.ofIdentity(identity, ADA), null);
    t.is(standing.ofIdentity(identity, { ...ADA, confirmed: false }), 'account unconfirmed');
    t.is(standing.ofIdentity(identity, null), 'account removed');
  }
});

test('what ends a token by itself needs no account', (t) => {
  const ended = (claims: Partial<VerifiedToken['claims']>) =>
    standing.withoutAccount({ by: 'token', account: ADA, token: token(claims), scheme: 'basic' });
  t.is(ended({}), null);
  t.is(ended({ expiresAt: NOW }), 'token expired');
  t.is(ended({ jti: 'denied' }), 'token revoked');
  t.is(ended({ accountId: 'ended' }), 'all tokens of the account revoked');
  t.is(standing.withoutAccount({ by: 'password', account: ADA }), null);
});

test('of a login nothing is said while the list of revocations is too old', (t) => {
  const login = { logins: ADA.logins, stamp: ADA.stamp, createdAt: Date.now() };
  t.is(standing.ofLogin(login, ADA), null);
  isFresh = false;
  t.throws(() => standing.ofLogin(login, ADA), { code: 'service_unavailable' });
  isFresh = true;
});
