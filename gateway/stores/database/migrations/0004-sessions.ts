import type { Migration } from './migration.ts';

/**
 * The sessions of the account pages, when there is no Redis: one row for each login that has neither ended nor expired.
 * `id_hash` is the SHA-256 of the id in the cookie, in base64url: reading the table does not allow session hijacking. Times
 * are ms since 1970.
 */
export const sessions: Migration = {
  name: '0004-sessions',
  async up(sql, kind) {
    for (const statement of STATEMENTS[kind]) await sql.raw(statement);
  },
};

const MYSQL = [
  `create table if not exists gatehouse_sessions (
    id_hash varbinary(43) not null primary key,
    content text not null,
    expires_at bigint not null,
    key gatehouse_sessions_expired (expires_at)
  ) engine = InnoDB default character set utf8mb4`,
];

const SQLITE = [
  `create table if not exists gatehouse_sessions (
    id_hash text not null primary key collate binary,
    content text not null,
    expires_at integer not null
  )`,
  'create index if not exists gatehouse_sessions_expired on gatehouse_sessions (expires_at)',
];

const POSTGRES = [
  `create table if not exists gatehouse_sessions (
    id_hash text collate "C" not null primary key,
    content text not null,
    expires_at bigint not null
  )`,
  'create index if not exists gatehouse_sessions_expired on gatehouse_sessions (expires_at)',
];

const STATEMENTS = { mysql: MYSQL, sqlite: SQLITE, postgres: POSTGRES };
