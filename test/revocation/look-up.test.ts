import test from 'ava';
import type { Account } from '../../gateway/domain/account.ts';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { tokenIdentifier } from '../../gateway/identify/by-token.ts';
import { createStanding } from '../../gateway/identify/standing.ts';
import type { Revocation } from '../../gateway/revocation/history.ts';
import { createMirror } from '../../gateway/revocation/mirror.ts';
import { cachedAccounts } from '../../gateway/stores/accounts/cached.ts';

const NOW = 1_900_000_000;
const EXPIRES = (NOW + 3_600) * 1_000;
const ADA: Account = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: null,
  confirmed: true,
  stamp: 'first',
  groups: [],
};

const CASES: readonly (readonly [string, Revocation, string])[] = [
  ['the token', { kind: 'token', position: 1, chain: 'a', jti: 'one', expiresAt: EXPIRES }, 'token revoked'],
  [
    'every token of the account',
    { kind: 'account', position: 1, chain: 'a', accountId: '1', voidBefore: (NOW + 1) * 1_000, expiresAt: EXPIRES },
    'all tokens of the account revoked',
  ],
];

for (const [what, revocation, reason] of CASES) {
  test(`a revocation of ${what} during the look-up of the account is not missed`, async (t) => {
    const looking: ((account: Account) => void)[] = [];
    const accounts = cachedAccounts(() => new Promise((resolve) => looking.push(resolve)), 60_000);
    const mirror = createMirror(accounts.forget);
    const identify = tokenIdentifier({
      findAccountById: accounts.findById,
      requireFresh() {},
      ended: createStanding({ ...mirror, requireFresh() {}, now: Date.now, isReplaced: () => false }).ofToken,
      used() {},
      now: Date.now,
    });
    const claims = { jti: 'one', accountId: '1', issuedAt: NOW, expiresAt: NOW + 3_600, ...UNRESTRICTED };
    const outcome = identify({ ok: true, claims, isBoundTo: () => true, isAllowedFrom: () => true }, 'bearer');
    t.is(looking.length, 1);
    mirror.apply(revocation);
    looking[0]?.(ADA);
    t.deepEqual(await outcome, { kind: 'refused', reason, scheme: 'bearer' });
  });
}
