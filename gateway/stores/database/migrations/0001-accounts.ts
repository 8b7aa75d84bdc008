import type { Migration } from './migration.ts';

/**
 * `email` is the email as entered, `email_key` its canonical form, compared as bytes: a collation must not make two accounts
 * equal. Ids are never reused: a token of a removed account would otherwise be valid for another one. Times are ms since
 * 1970.
 */
export const accounts: Migration = {
  name: '0001-accounts',
  async up(sql, kind) {
    await sql.raw(TABLE[kind]);
  },
};

const MYSQL = `
  create table if not exists gatehouse_accounts (
    id bigint unsigned not null auto_increment primary key,
    email varchar(255) not null,
    email_key varbinary(255) not null,
    password_hash varchar(255) null,
    confirmed_at bigint null,
    stamp varchar(64) character set ascii not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique key gatehouse_accounts_email_key (email_key)
  ) engine = InnoDB default character set utf8mb4`;

const SQLITE = `
  create table if not exists gatehouse_accounts (
    id integer primary key autoincrement,
    email text not null,
    email_key text not null collate binary unique,
    password_hash text null,
    confirmed_at integer null,
    stamp text not null,
    created_at integer not null,
    updated_at integer not null
  )`;

const POSTGRES = `
  create table if not exists gatehouse_accounts (
    id bigint generated always as identity primary key,
    email text collate "C" not null,
    email_key text collate "C" not null constraint gatehouse_accounts_email_key unique,
    password_hash text collate "C" null,
    confirmed_at bigint null,
    stamp text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null
  )`;

const TABLE = { mysql: MYSQL, sqlite: SQLITE, postgres: POSTGRES };
