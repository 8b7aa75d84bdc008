import type { Migration } from './migration.ts';

/**
 * What a token was restricted to when it was issued, for lists of tokens: `scope`, the names of its scopes, and `addresses`,
 * the networks it may be used from, both separated by spaces; null: not restricted. The token itself carries the same.
 *
 * `gatehouse_account_groups` has the groups of accounts in the gateway's own table, compared as bytes. Ids of accounts are
 * never reused, so what a removed account leaves behind is harmless.
 */
export const scopesAndGroups: Migration = {
  name: '0009-scopes-and-groups',
  async up(sql, kind) {
    await sql.raw(GROUPS[kind]);
    // The column exists if a process was killed before the migration was recorded.
    if (await sql.schema.hasColumn('gatehouse_tokens', 'scope')) return;
    for (const statement of TOKENS[kind]) await sql.raw(statement);
  },
};

const MYSQL_GROUPS = `
  create table if not exists gatehouse_account_groups (
    account_id bigint unsigned not null,
    name varchar(64) character set ascii collate ascii_bin not null,
    primary key (account_id, name)
  ) engine = InnoDB default character set utf8mb4`;

const SQLITE_GROUPS = `
  create table if not exists gatehouse_account_groups (
    account_id integer not null,
    name text not null collate binary,
    primary key (account_id, name)
  ) without rowid`;

const POSTGRES_GROUPS = `
  create table if not exists gatehouse_account_groups (
    account_id bigint not null,
    name text collate "C" not null,
    primary key (account_id, name)
  )`;

const GROUPS = { mysql: MYSQL_GROUPS, sqlite: SQLITE_GROUPS, postgres: POSTGRES_GROUPS };

/** A single statement, which is atomic. */
const MYSQL_TOKENS = [
  `alter table gatehouse_tokens
    add column addresses text character set ascii null,
    add column scope text character set ascii null`,
];

/** Of SQLite, which adds one column at a time, and of PostgreSQL. */
const OTHER_TOKENS = [
  'alter table gatehouse_tokens add column addresses text null',
  'alter table gatehouse_tokens add column scope text null',
];

const TOKENS = { mysql: MYSQL_TOKENS, sqlite: OTHER_TOKENS, postgres: OTHER_TOKENS };
