import type { Account } from '../../../gateway/domain/account.ts';
import type { VerifiedToken } from '../../../gateway/domain/identity.ts';

interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** Accounts whose credentials are near one another. */
export const PEOPLE: readonly [Person, ...Person[]] = [
  { id: '1', email: 'ada@example.com', password: 'correct horse' },
  { id: '2', email: 'ad@example.com', password: 'a@example.com:correct horse' },
  { id: '3', email: 'bäcker@bücher.example', password: 'p\u00e4ss:wörd ✓' },
  { id: '4', email: 'token@example.com', password: 'token' },
];

export function account(id: string): Account {
  const { email } = PEOPLE.find((one) => one.id === id) ?? PEOPLE[0];
  return {
    id,
    email,
    logins: [email],
    passwordHash: 'a hash',
    confirmed: true,
    stamp: `stamp-of-${id}.later`,
    groups: [],
  };
}

/** A token of the account that is verified already. */
export function verifiedToken(id: string): VerifiedToken {
  return {
    ok: true,
    claims: { jti: `j${id}`, accountId: id, issuedAt: 0, expiresAt: 4_000_000_000, scope: null, addresses: null },
    isBoundTo: (owner) => owner.id === id,
    isAllowedFrom: () => true,
  };
}
