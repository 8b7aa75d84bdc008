import type { Migration } from './migration.ts';

/**
 * What each token is bound to, so that a list tells those that are still accepted: `bound_to`, a digest of the account's
 * stamp, and `key_id`, the name of the secret that signed it. null: issued before this step, so that nobody can tell.
 *
 * The two indexes find what has not been revoked: by its end, to count it, and in the order of its issue, to list it in
 * pages. Neither gets slower by what an account has revoked. They take the place of `gatehouse_tokens_of_account`.
 */
export const tokenBonds: Migration = {
  name: '0008-token-bonds',
  async up(sql, kind) {
    // Not again where a process was killed between this and the note that it is done.
    if (await sql.schema.hasColumn('gatehouse_tokens', 'bound_to')) return;
    for (const statement of kind === 'mysql' ? MYSQL : SQLITE) await sql.raw(statement);
  },
};

/** One statement, which is done in whole or not at all. */
const MYSQL = [
  `alter table gatehouse_tokens
    add column bound_to varbinary(22) null,
    add column key_id varbinary(11) null,
    add key gatehouse_tokens_by_end (account_id, revoked_at, expires_at),
    add key gatehouse_tokens_by_issue (account_id, revoked_at, issued_at, jti),
    drop key gatehouse_tokens_of_account`,
];

const SQLITE = [
  'alter table gatehouse_tokens add column key_id text null collate binary',
  'create index gatehouse_tokens_by_end on gatehouse_tokens (account_id, revoked_at, expires_at)',
  'create index gatehouse_tokens_by_issue on gatehouse_tokens (account_id, revoked_at, issued_at, jti)',
  'drop index gatehouse_tokens_of_account',
  'alter table gatehouse_tokens add column bound_to text null collate binary',
];
