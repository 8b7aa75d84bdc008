import type { Database } from '../../../gateway/stores/database/connection.ts';
import { FIXTURES, FIXTURES_BY_SETTINGS } from '../../identify/passwords/hashes/fixtures.ts';

/** A table as an application framework makes it, with one user, and what `accounts` must be for it. */
export interface Framework {
  readonly name: string;
  readonly accounts: Record<string, unknown>;
  readonly tables: Readonly<Record<'sqlite' | 'mysql', string>>;
  readonly table: string;
  readonly columns: { readonly password: string; readonly confirmed: string };
  readonly user: Readonly<Record<string, unknown>> & { readonly id: number | string };
  readonly email: string;
  readonly hashes: readonly { readonly password: string; readonly hash: string }[];
  readonly unconfirmed: unknown;
}

const cheapOf = (format: string) => FIXTURES.filter((one) => one.format === format && one.cheap && one.opens);

export const FLASK: Framework = {
  name: 'Flask with Werkzeug',
  accounts: { table: 'users', columns: { password: 'password_hash', confirmed: 'confirmed' } },
  table: 'users',
  columns: { password: 'password_hash', confirmed: 'confirmed' },
  tables: {
    sqlite: `create table users (id integer not null, email varchar(64), username varchar(64),
      password_hash varchar(256), confirmed boolean, primary key (id))`,
    mysql: `create table users (id integer not null auto_increment, email varchar(64), username varchar(64),
      password_hash varchar(256), confirmed bool, primary key (id), unique (email))`,
  },
  user: { id: 7, email: 'Ada@Example.com', username: 'ada', confirmed: true },
  email: 'ada@example.com',
  hashes: [...cheapOf('Werkzeug scrypt'), ...cheapOf('Werkzeug pbkdf2:sha256')],
  unconfirmed: false,
};

export const DJANGO: Framework = {
  name: 'Django',
  accounts: { table: 'auth_user', columns: { confirmed: 'is_active' } },
  table: 'auth_user',
  columns: { password: 'password', confirmed: 'is_active' },
  tables: {
    sqlite: `create table "auth_user" ("id" integer not null primary key autoincrement, "password" varchar(128) not null,
      "last_login" datetime null, "is_superuser" bool not null, "username" varchar(150) not null unique,
      "last_name" varchar(150) not null, "email" varchar(254) not null, "is_staff" bool not null,
      "is_active" bool not null, "date_joined" datetime not null, "first_name" varchar(150) not null)`,
    mysql: `create table auth_user (id integer auto_increment not null primary key, password varchar(128) not null,
      last_login datetime(6) null, is_superuser bool not null, username varchar(150) not null unique,
      first_name varchar(150) not null, last_name varchar(150) not null, email varchar(254) not null,
      is_staff bool not null, is_active bool not null, date_joined datetime(6) not null)`,
  },
  user: {
    id: 12,
    username: 'ada',
    first_name: 'Ada',
    last_name: 'L.',
    email: 'ada@example.com',
    is_superuser: false,
    is_staff: false,
    is_active: true,
    date_joined: '2024-02-29 12:00:00.123456',
  },
  email: 'ada@example.com',
  hashes: [...cheapOf('Django pbkdf2_sha256'), ...cheapOf('Django argon2id')],
  unconfirmed: false,
};

export const LARAVEL: Framework = {
  name: 'Laravel with HasUuids',
  accounts: { table: 'users', columns: { confirmed: 'email_verified_at' }, readOnly: true },
  table: 'users',
  columns: { password: 'password', confirmed: 'email_verified_at' },
  tables: {
    sqlite: `create table "users" ("id" varchar not null, "name" varchar not null, "email" varchar not null,
      "email_verified_at" datetime, "password" varchar not null, "remember_token" varchar, "created_at" datetime,
      "updated_at" datetime, primary key ("id"))`,
    mysql: `create table users (id char(36) not null primary key, name varchar(255) not null,
      email varchar(255) not null unique, email_verified_at timestamp null, password varchar(255) not null,
      remember_token varchar(100) null, created_at timestamp null, updated_at timestamp null
      ) default character set utf8mb4 collate utf8mb4_unicode_ci`,
  },
  user: {
    id: '9b2c7c9e-5d5e-4f0a-8a1e-3f6f3a1d2b4c',
    name: 'Ada',
    email: 'ada@example.com',
    email_verified_at: '2024-02-29 12:00:00',
  },
  email: 'ADA@example.com',
  hashes: cheapOf('bcrypt').filter(({ program }) => program.startsWith('PHP')),
  unconfirmed: null,
};

const PEPPERED = FIXTURES_BY_SETTINGS.filter(
  ({ format, rules }) => format === 'bcrypt with pepper' && rules.pepper.length === 128,
);

export const DEVISE: Framework = {
  name: 'Rails with Devise and its pepper',
  accounts: {
    table: 'users',
    columns: { password: 'encrypted_password', confirmed: 'confirmed_at' },
    pepper: PEPPERED[0]?.rules.pepper,
  },
  table: 'users',
  columns: { password: 'encrypted_password', confirmed: 'confirmed_at' },
  tables: {
    sqlite: `create table "users" ("id" integer primary key autoincrement not null, "email" varchar default '' not null,
      "encrypted_password" varchar default '' not null, "reset_password_token" varchar, "reset_password_sent_at" datetime,
      "remember_created_at" datetime, "confirmation_token" varchar, "confirmed_at" datetime,
      "confirmation_sent_at" datetime, "unconfirmed_email" varchar)`,
    mysql: `create table users (id bigint not null auto_increment primary key, email varchar(255) not null default '',
      encrypted_password varchar(255) not null default '', reset_password_token varchar(255),
      reset_password_sent_at datetime(6), remember_created_at datetime(6), confirmation_token varchar(255),
      confirmed_at datetime(6), confirmation_sent_at datetime(6), unconfirmed_email varchar(255),
      unique index index_users_on_email (email)) default character set utf8mb4`,
  },
  user: { id: 3, email: 'ada@example.com', confirmed_at: '2024-02-29 12:00:00' },
  email: 'ADA@example.com',
  // Below 72 bytes: with more, the first 72 are all that counts.
  hashes: PEPPERED.filter(({ password }) => Buffer.byteLength(password) < 72 && !password.includes('\u0301')),
  unconfirmed: null,
};

/** Makes the table, with the one user under the first of the hashes. */
export async function madeBy(framework: Framework, { kind, sql }: Database): Promise<void> {
  if (kind === 'postgres') throw new Error('no table of it for PostgreSQL yet');
  await sql.raw(framework.tables[kind]);
  const [first] = framework.hashes;
  await sql(framework.table).insert({ ...framework.user, [framework.columns.password]: first?.hash });
}
