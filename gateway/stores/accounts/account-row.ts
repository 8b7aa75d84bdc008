import { isAccessName } from '../../domain/access-name.ts';
import type { Account } from '../../domain/account.ts';
import { storeUnavailable } from '../../domain/errors.ts';

/** A row of the gateway's own table of accounts. */
export interface AccountRow {
  id: number;
  email: string;
  password_hash: string | null;
  confirmed_at: number | null;
  stamp: string;
  created_at: number;
  updated_at: number;
}

/** Matches no account: ids start at 1. */
const NO_ACCOUNT = -1;

/**
 * The id as a number, or `NO_ACCOUNT`. MySQL casts a string to compare it with a number: `1abc`, `01` and `1.0` would all
 * match account 1.
 */
export function keyOf(id: string): number {
  const key = /^[1-9][0-9]*$/.test(id) ? Number(id) : NO_ACCOUNT;
  return Number.isSafeInteger(key) ? key : NO_ACCOUNT;
}

/** @throws GatewayError 503 for a row that no release writes: half an account must not pass for somebody */
export function accountOf(row: AccountRow, groups: readonly unknown[]): Account {
  if (!isWhole(row))
    throw storeUnavailable('database', new TypeError('a row of gatehouse_accounts has a value of a wrong type'));
  return {
    id: String(row.id),
    email: row.email,
    logins: [row.email],
    passwordHash: row.password_hash,
    confirmed: row.confirmed_at !== null,
    stamp: row.stamp,
    groups: groups.filter((name): name is string => typeof name === 'string' && isAccessName(name)),
  };
}

function isWhole({ id, email, password_hash: hash, confirmed_at: confirmedAt, stamp }: AccountRow): boolean {
  return (
    typeof id !== 'object' &&
    keyOf(String(id)) !== NO_ACCOUNT &&
    isText(email) &&
    isText(stamp) &&
    (hash === null || typeof hash === 'string') &&
    (confirmedAt === null || typeof confirmedAt === 'number')
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
