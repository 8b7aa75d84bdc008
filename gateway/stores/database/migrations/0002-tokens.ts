import type { Migration } from './migration.ts';

/**
 * One row for each issued token; never the token itself. Rows are deleted after the token has expired. `account_id` is not a
 * foreign key: accounts may be in an application's table, and a record outlives its account. Times are ms since 1970.
 */
export const tokens: Migration = {
  name: '0002-tokens',
  async up(sql, kind) {
    for (const statement of STATEMENTS[kind]) await sql.raw(statement);
  },
};

const MYSQL = [
  `create table if not exists gatehouse_tokens (
    jti varbinary(255) not null primary key,
    account_id varbinary(255) not null,
    name varchar(255) null,
    issued_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint null,
    key gatehouse_tokens_of_account (account_id, expires_at),
    key gatehouse_tokens_revoked (revoked_at, expires_at),
    key gatehouse_tokens_expired (expires_at)
  ) engine = InnoDB default character set utf8mb4`,
];

const INDEXES = [
  'create index if not exists gatehouse_tokens_of_account on gatehouse_tokens (account_id, expires_at)',
  'create index if not exists gatehouse_tokens_revoked on gatehouse_tokens (revoked_at, expires_at)',
  'create index if not exists gatehouse_tokens_expired on gatehouse_tokens (expires_at)',
];

const SQLITE = [
  `create table if not exists gatehouse_tokens (
    jti text not null primary key collate binary,
    account_id text not null collate binary,
    name text null,
    issued_at integer not null,
    expires_at integer not null,
    revoked_at integer null
  )`,
  ...INDEXES,
];

const POSTGRES = [
  `create table if not exists gatehouse_tokens (
    jti text collate "C" not null primary key,
    account_id text collate "C" not null,
    name text null,
    issued_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint null
  )`,
  ...INDEXES,
];

const STATEMENTS = { mysql: MYSQL, sqlite: SQLITE, postgres: POSTGRES };
