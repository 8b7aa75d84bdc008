import test from 'ava';
import type { Account } from '../../gateway/domain/account.ts';
import { passwordIdentifier } from '../../gateway/identify/by-password.ts';

const ADA: Account = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: 'of right',
  confirmed: true,
  stamp: 'first',
  groups: [],
};

test('an account that is removed while its password is checked is refused', async (t) => {
  const { check, accounts, hashed } = identifier((at) => at.set(ADA.email, null));
  t.like(await check(), { outcome: { kind: 'refused', reason: 'unknown account' }, proof: null });
  t.is(accounts.get(ADA.email), null);
  t.deepEqual(hashed, ['of right', null], 'as late as any other');
});

test('an account that gets another password while the old one is checked is refused', async (t) => {
  const { check, kept } = identifier((at) => at.set(ADA.email, { ...ADA, passwordHash: 'of other' }));
  t.like(await check(), { outcome: { kind: 'refused', reason: 'wrong password' }, proof: null });
  t.deepEqual(kept, ['the try']);
});

test('an account whose hash alone is another by then is found, by the new one', async (t) => {
  const renewed = { ...ADA, passwordHash: 'of right, anew' };
  const { check, hashed } = identifier((at) => at.set(ADA.email, renewed));
  t.like(await check(), { outcome: { kind: 'found' }, proof: { account: renewed } });
  t.deepEqual(hashed, ['of right', 'of right, anew']);
});

test('an account that is unconfirmed meanwhile is found as what it is by then', async (t) => {
  const { check } = identifier((at) => at.set(ADA.email, { ...ADA, confirmed: false }));
  t.like(await check(), { outcome: { kind: 'found', identity: { account: { confirmed: false } } } });
});

test('another account that has the email by then is not let in with the password of the one before', async (t) => {
  const { check } = identifier((at) => at.set(ADA.email, { ...ADA, id: '2', passwordHash: 'of other' }));
  t.like(await check(), { outcome: { kind: 'refused', reason: 'wrong password' } });
});

test('an account that changes with each look is nobody’s fault but the store’s', async (t) => {
  let changes = 0;
  const { check, kept } = identifier(
    (at) => at.set(ADA.email, { ...ADA, passwordHash: `of right ${changes++}` }),
    true,
  );
  await t.throwsAsync(check(), { name: 'GatewayError', message: 'database unavailable' });
  t.deepEqual(kept, []);
});

/** @param change what becomes of the accounts while a password is checked, the first time or each */
function identifier(change: (accounts: Map<string, Account | null>) => void, again = false) {
  const accounts = new Map<string, Account | null>([[ADA.email, ADA]]);
  const hashed: (string | null)[] = [];
  const kept = ['the try'];
  const byPassword = passwordIdentifier({
    findAccount: async (email) => accounts.get(email) ?? null,
    async checkPassword(hash, password) {
      hashed.push(hash);
      if (again || hashed.length === 1) change(accounts);
      return hash?.startsWith(`of ${password}`) ?? false;
    },
    takeTry: async () => async () => void kept.pop(),
    inTurn: (_client, check) => check(),
    onProven() {},
  });
  return { check: () => byPassword(ADA.email, 'right', '192.0.2.1'), accounts, hashed, kept };
}
