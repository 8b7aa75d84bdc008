import { randomUUID } from 'node:crypto';
import type { Account } from '../state.ts';

/** Times are milliseconds since 1970. */
export interface IssuedToken {
  readonly jti: string;
  readonly accountId: string;
  readonly name: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface TokenIssue {
  /** `issuedAt` and `lifetime` are in seconds. */
  sign(account: Account, token: { jti: string; issuedAt: number; lifetime: number }): string;
  record(token: IssuedToken): Promise<void>;
  /** The moment, in ms since 1970, before which the account's tokens are void, by whichever node up to this call. */
  voidBefore(accountId: string): Promise<number>;
}

/** @param wish `lifetime` in seconds */
export type IssueToken = (account: Account, wish: { name: string | null; lifetime: number }) => Promise<string>;

/** Makes tokens for accounts; each is recorded before anybody has it. */
export function tokenIssue({ sign, record, voidBefore }: TokenIssue): IssueToken {
  return async (account, { name, lifetime }) => {
    const jti = randomUUID();
    // What was voided a moment ago, perhaps by a node whose clock is ahead of ours, must not void this.
    const issuedAt = Math.floor(Math.max(Date.now(), await voidBefore(account.id)) / 1000);
    const times = { issuedAt: issuedAt * 1000, expiresAt: (issuedAt + lifetime) * 1000 };
    // Recorded first: a token that nobody could list or revoke must not exist.
    await record({ jti, accountId: account.id, name, ...times });
    return sign(account, { jti, issuedAt, lifetime });
  };
}

const LONGEST_NAME = 100;
const UNPRINTABLE = /\p{Cc}|\p{Cs}/u;

/** @returns what is wrong with the name of a token, or null */
export function tokenNameProblem(name: string): string | null {
  if (name.length <= LONGEST_NAME && !UNPRINTABLE.test(name)) return null;
  return `must be text of at most ${LONGEST_NAME} characters without control characters`;
}
