import type { Migration } from './migration.ts';

/**
 * The revocations in commit order. To revoke, a transaction first locks the single row of `gatehouse_revocation_head` and
 * increments its position. So positions become visible in order, and reading "everything after position n" misses nothing.
 *
 * A row revokes one token (`jti`), or all tokens of an account issued before `void_before`. It may be deleted when all these
 * tokens have expired. Times are ms since 1970.
 */
export const revocations: Migration = {
  name: '0003-revocations',
  async up(sql, kind) {
    for (const statement of STATEMENTS[kind]) await sql.raw(statement);
  },
};

const MYSQL = [
  `create table if not exists gatehouse_revocations (
    position bigint not null primary key,
    jti varbinary(255) null,
    account_id varbinary(255) null,
    void_before bigint null,
    expires_at bigint not null,
    key gatehouse_revocations_expired (expires_at)
  ) engine = InnoDB default character set utf8mb4`,
  `create table if not exists gatehouse_revocation_head (
    id tinyint not null primary key,
    position bigint not null
  ) engine = InnoDB`,
  'insert ignore into gatehouse_revocation_head (id, position) values (1, 0)',
];

const SQLITE = [
  `create table if not exists gatehouse_revocations (
    position integer not null primary key,
    jti text null collate binary,
    account_id text null collate binary,
    void_before integer null,
    expires_at integer not null
  )`,
  'create index if not exists gatehouse_revocations_expired on gatehouse_revocations (expires_at)',
  'create table if not exists gatehouse_revocation_head (id integer not null primary key, position integer not null)',
  'insert or ignore into gatehouse_revocation_head (id, position) values (1, 0)',
];

const POSTGRES = [
  `create table if not exists gatehouse_revocations (
    position bigint not null primary key,
    jti text collate "C" null,
    account_id text collate "C" null,
    void_before bigint null,
    expires_at bigint not null
  )`,
  'create index if not exists gatehouse_revocations_expired on gatehouse_revocations (expires_at)',
  'create table if not exists gatehouse_revocation_head (id smallint not null primary key, position bigint not null)',
  'insert into gatehouse_revocation_head (id, position) values (1, 0) on conflict do nothing',
];

const STATEMENTS = { mysql: MYSQL, sqlite: SQLITE, postgres: POSTGRES };
