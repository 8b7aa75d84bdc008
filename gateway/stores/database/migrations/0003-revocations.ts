import type { Migration } from './migration.ts';

/**
 * The revocations, in the order in which they were committed. Whoever revokes first locks the one row of
 * `gatehouse_revocation_head`, and counts it up: no position becomes visible after a later one, and "everything after
 * position n" misses nothing.
 *
 * A row is about one token (`jti`) or about all of an account's that were issued before a moment (`void_before`), and may
 * go when every token that it voids has expired. Times are ms since 1970.
 */
export const revocations: Migration = {
  name: '0003-revocations',
  async up(sql, kind) {
    for (const statement of kind === 'mysql' ? MYSQL : SQLITE) await sql.raw(statement);
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
