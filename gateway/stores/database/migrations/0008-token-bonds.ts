import type { Migration } from './migration.ts';

/**
 * Records what each token is bound to, so that lists can tell which tokens are still accepted: `bound_to`, a digest of the
 * account's stamp, and `key_id`, the id of the signing secret. null: issued before this migration, so unknown.
 *
 * The two indexes replace `gatehouse_tokens_of_account`. They cover unrevoked tokens, by expiry for counting and by issue
 * for paged lists; the number of an account's revoked tokens does not slow them down.
 */
export const tokenBonds: Migration = {
  name: '0008-token-bonds',
  async up(sql, kind) {
    // The column exists if a process was killed before the migration was recorded.
    if (await sql.schema.hasColumn('gatehouse_tokens', 'bound_to')) return;
    for (const statement of STATEMENTS[kind]) await sql.raw(statement);
  },
};

/** A single statement, which is atomic. */
const MYSQL = [
  `alter table gatehouse_tokens
    add column bound_to varbinary(22) null,
    add column key_id varbinary(11) null,
    add key gatehouse_tokens_by_end (account_id, revoked_at, expires_at),
    add key gatehouse_tokens_by_issue (account_id, revoked_at, issued_at, jti),
    drop key gatehouse_tokens_of_account`,
];

/** @param revokedAt the column in the order of lists, which begin with the tokens that are not revoked */
const indexes = (revokedAt: string) => [
  'create index gatehouse_tokens_by_end on gatehouse_tokens (account_id, revoked_at, expires_at)',
  `create index gatehouse_tokens_by_issue on gatehouse_tokens (account_id, ${revokedAt}, issued_at, jti)`,
  'drop index gatehouse_tokens_of_account',
];

const SQLITE = [
  'alter table gatehouse_tokens add column key_id text null collate binary',
  ...indexes('revoked_at'),
  'alter table gatehouse_tokens add column bound_to text null collate binary',
];

const POSTGRES = [
  'alter table gatehouse_tokens add column bound_to text collate "C" null, add column key_id text collate "C" null',
  ...indexes('revoked_at nulls first'),
];

const STATEMENTS = { mysql: MYSQL, sqlite: SQLITE, postgres: POSTGRES };
