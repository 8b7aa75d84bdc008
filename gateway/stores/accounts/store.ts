import type { Account } from '../../domain/account.ts';
import { canonicalEmail, newStamp, stampKeepingTokens } from '../../domain/account.ts';
import type { QueryRunner } from '../database/connection.ts';
import { isUniqueViolation } from '../database/failure.ts';
import { type AccountRow, accountOf, keyOf } from './account-row.ts';

/** An account as the operator sees it. Times are milliseconds since 1970. */
export interface AccountSummary {
  readonly id: string;
  readonly email: string;
  readonly createdAt: number;
  /** null: not confirmed. */
  readonly confirmedAt: number | null;
}

export interface NewAccount {
  readonly email: string;
  readonly passwordHash: string | null;
  readonly confirmed: boolean;
}

export type Added = { readonly kind: 'added'; readonly account: Account } | { readonly kind: 'taken' };

/** `stale`: the account was removed, or has changed since it was read. */
export type EmailSet = 'changed' | 'taken' | 'stale';

/** The look-ups that requests need. Both throw GatewayError `service_unavailable` when the store is unavailable. */
export interface AccountReader {
  /**
   * The account that logs in with this text: in the gateway's own table, with its email. Compares canonical emails: case and
   * Unicode composition do not matter.
   *
   * @param onAmbiguous called with their ids when several accounts of an application's table have this login: it is nobody's
   */
  findByLogin(login: string, onAmbiguous?: (ids: readonly string[]) => void): Promise<Account | null>;
  findById(id: string): Promise<Account | null>;
}

/** All methods throw GatewayError `service_unavailable` when the store is unavailable. */
export interface AccountStore extends AccountReader {
  /** Adds an account, or returns `taken` if another account has this email. Does not validate email and hash. */
  add(account: NewAccount): Promise<Added>;
  /** All accounts, in the order of creation. */
  list(): Promise<AccountSummary[]>;
  /** Confirming also sets a new stamp. @returns whether this changed anything */
  setConfirmed(id: string, confirmed: boolean): Promise<boolean>;
  /** Confirms the account, and sets a new stamp. @returns whether it was unconfirmed and had this stamp */
  confirm(id: string, stamp: string): Promise<boolean>;
  /**
   * Sets the hash and a new stamp.
   *
   * @param passwordHash null: no password matches
   * @param stamp the stamp that the account must have; omitted: any
   * @returns whether there is such an account
   */
  setPassword(id: string, passwordHash: string | null, stamp?: string): Promise<boolean>;
  /**
   * Sets a new stamp, and the email unless another account has it. Does not validate the email.
   *
   * @param seen the account as it was read; its email and stamp must not have changed
   * @param tokens whether the new stamp voids the tokens
   */
  setEmail(seen: Account, email: string, tokens: 'end' | 'keep'): Promise<EmailSet>;
  /** Replaces the hash of an unchanged password; tokens stay valid. @returns whether `from` was still the account's hash */
  replaceHash(id: string, from: string, to: string): Promise<boolean>;
  /**
   * Replaces the groups of the account; tokens, links and sessions stay valid. Call it in a transaction.
   *
   * @param names valid by `isAccessName`
   * @returns whether there is such an account
   */
  setGroups(id: string, names: readonly string[]): Promise<boolean>;
  /** Keeps the records of its tokens. @returns whether there was such an account */
  remove(id: string): Promise<boolean>;
}

interface GroupRow {
  account_id: number;
  name: string;
}

/** The accounts in the gateway's own table. */
export function sqlAccountStore({ kind, sql, query }: QueryRunner): AccountStore {
  const accounts = () => sql<AccountRow>('gatehouse_accounts');
  // Compared as bytes: the collation of MySQL would ignore case and trailing spaces.
  const exactly = kind === 'mysql' ? 'hex(??) = hex(?)' : '?? = ?';
  const seen = (id: string, stamp: string) => accounts().where('id', keyOf(id)).whereRaw(exactly, ['stamp', stamp]);
  const groups = () => sql<GroupRow>('gatehouse_account_groups');

  /** One query for both tables. @param value of a column with unique values */
  const find = async (column: 'id' | 'email_key', value: number | string): Promise<Account | null> => {
    const rows: (AccountRow & { group_name: string | null })[] = await query(
      sql('gatehouse_accounts as a')
        .leftJoin('gatehouse_account_groups as g', 'g.account_id', 'a.id')
        .where(`a.${column}`, value)
        .orderBy('g.name')
        .select('a.*', { group_name: 'g.name' }),
    );
    const [row] = rows;
    if (row === undefined) return null;
    return accountOf(
      row,
      rows.flatMap(({ group_name }) => group_name ?? []),
    );
  };

  return {
    findByLogin: (email) => find('email_key', canonicalEmail(email)),
    findById: (id) => find('id', keyOf(id)),

    async add({ email, passwordHash, confirmed }) {
      const now = Date.now();
      const stamp = newStamp();
      const row = {
        email,
        email_key: canonicalEmail(email),
        password_hash: passwordHash,
        confirmed_at: confirmed ? now : null,
        stamp,
        created_at: now,
        updated_at: now,
      };
      try {
        const [added]: (number | { id: number })[] = await query(sql('gatehouse_accounts').insert(row).returning('id'));
        // MySQL has no `returning`, and knex gives its last insert id.
        const id = typeof added === 'object' ? added.id : added;
        return {
          kind: 'added',
          account: { id: String(id), email, logins: [email], passwordHash, confirmed, stamp, groups: [] },
        };
      } catch (error) {
        if (isUniqueViolation(error)) return { kind: 'taken' };
        throw error;
      }
    },

    async list() {
      const rows = await query(accounts().select('id', 'email', 'created_at', 'confirmed_at').orderBy('id'));
      return rows.map((row) => ({
        id: String(row.id),
        email: row.email,
        createdAt: row.created_at,
        confirmedAt: row.confirmed_at,
      }));
    },

    async setConfirmed(id, confirmed) {
      const account = accounts().where('id', keyOf(id));
      const now = Date.now();
      // The stamp stays until the next confirmation: tokens of an unconfirmed account get 403, not 401.
      const change = confirmed
        ? account.whereNull('confirmed_at').update({ confirmed_at: now, stamp: newStamp(), updated_at: now })
        : account.whereNotNull('confirmed_at').update({ confirmed_at: null, updated_at: now });
      return (await query(change)) > 0;
    },

    async confirm(id, stamp) {
      const now = Date.now();
      const account = seen(id, stamp).whereNull('confirmed_at');
      return (await query(account.update({ confirmed_at: now, stamp: newStamp(), updated_at: now }))) > 0;
    },

    async setPassword(id, passwordHash, stamp) {
      const account = stamp === undefined ? accounts().where('id', keyOf(id)) : seen(id, stamp);
      const change = { password_hash: passwordHash, stamp: newStamp(), updated_at: Date.now() };
      return (await query(account.update(change))) > 0;
    },

    async setEmail({ id, email: from, stamp }, email, tokens) {
      const account = seen(id, stamp).whereRaw(exactly, ['email', from]);
      const change = {
        email,
        email_key: canonicalEmail(email),
        stamp: tokens === 'end' ? newStamp() : stampKeepingTokens(stamp),
        updated_at: Date.now(),
      };
      try {
        return (await query(account.update(change))) > 0 ? 'changed' : 'stale';
      } catch (error) {
        if (isUniqueViolation(error)) return 'taken';
        throw error;
      }
    },

    async replaceHash(id, from, to) {
      const account = accounts().where('id', keyOf(id)).where('password_hash', from);
      return (await query(account.update({ password_hash: to, updated_at: Date.now() }))) > 0;
    },

    async remove(id) {
      if ((await query(accounts().where('id', keyOf(id)).delete())) === 0) return false;
      await query(groups().where('account_id', keyOf(id)).delete());
      return true;
    },

    async setGroups(id, names) {
      if ((await query(accounts().where('id', keyOf(id)).update({ updated_at: Date.now() }))) === 0) return false;
      await query(groups().where('account_id', keyOf(id)).delete());
      const rows = [...new Set(names)].map((name) => ({ account_id: keyOf(id), name }));
      if (rows.length > 0) await query(groups().insert(rows));
      return true;
    },
  };
}
