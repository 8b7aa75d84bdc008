import { FIXTURES } from '../../identify/passwords/hashes/fixtures.ts';
import { type Schema, tablesOf } from './schema.ts';

const BCRYPT = FIXTURES.find(
  ({ format, cheap, hash }) => format === 'bcrypt' && cheap && hash.startsWith('$2y$'),
)?.hash;

/** The default migration of Laravel 11, and those of spatie/laravel-permission 6. */
const LARAVEL: Schema = {
  framework: 'Laravel',
  about: 'spatie/laravel-permission',
  tables: tablesOf(
    `create table users (id SERIAL, name varchar(255) not null, email varchar(255) not null unique,
      email_verified_at MOMENT, password varchar(255) not null, remember_token varchar(100), created_at MOMENT, updated_at MOMENT)`,
    'create table password_reset_tokens (email varchar(255) not null primary key, token varchar(255) not null, created_at MOMENT)',
    'create table sessions (id varchar(255) not null primary key, user_id bigint, ip_address varchar(45), user_agent text, payload text not null, last_activity integer not null)',
    'create table permissions (id SERIAL, name varchar(125) not null, guard_name varchar(125) not null, created_at MOMENT, updated_at MOMENT)',
    'create table roles (id SERIAL, name varchar(125) not null, guard_name varchar(125) not null, created_at MOMENT, updated_at MOMENT)',
    'create table model_has_permissions (permission_id bigint not null, model_type varchar(125) not null, model_id bigint not null)',
    'create table model_has_roles (role_id bigint not null, model_type varchar(125) not null, model_id bigint not null)',
    'create table role_has_permissions (permission_id bigint not null, role_id bigint not null)',
  ),
  rows: {
    users: [
      { id: 1, name: 'Ada', email: 'ada@x', email_verified_at: '2024-02-29 12:00:00', password: BCRYPT },
      { id: 2, name: 'Bob', email: 'bob@x', password: BCRYPT },
    ],
    roles: [{ id: 7, name: 'writer', guard_name: 'web' }],
    model_has_roles: [{ role_id: 7, model_type: 'App\\Models\\User', model_id: 1 }],
  },
  accounts: {
    table: 'users',
    columns: { id: 'id', email: 'email', password: 'password', confirmed: 'email_verified_at' },
    groups: {
      ...{ table: 'model_has_roles', account: 'model_id', group: 'role_id' },
      names: { table: 'roles', id: 'id', name: 'name', where: { guard_name: 'web' } },
      where: { model_type: 'App\\Models\\User' },
    },
  },
  groups: ['writer'],
};

/** A table of Laravel with soft deletes: who is deleted must not get in. */
const LARAVEL_DELETES: Schema = {
  framework: 'Laravel',
  about: 'HasUuids and SoftDeletes',
  tables: tablesOf(
    `create table users (id UUID not null primary key, name varchar(255) not null, email varchar(255) not null unique,
      email_verified_at MOMENT, password varchar(255) not null, remember_token varchar(100), deleted_at MOMENT)`,
  ),
  rows: { users: [{ id: '9b2c7c9e-5d5e-4f0a-8a1e-3f6f3a1d2b4c', name: 'Ada', email: 'ada@x', password: BCRYPT }] },
  accounts: {
    table: 'users',
    columns: { id: 'id', email: 'email', password: 'password' },
    confirmedWhen: 'email_verified_at is not null and deleted_at is null',
  },
};

/** wp-admin/includes/schema.php of WordPress 6, with the prefix blog_. */
const WORDPRESS: Schema = {
  framework: 'WordPress',
  about: 'a prefix',
  tables: tablesOf(
    `create table blog_users ("ID" SERIAL, user_login varchar(60) not null default '', user_pass varchar(255) not null default '',
      user_nicename varchar(50) not null default '', user_email varchar(100) not null default '',
      user_url varchar(100) not null default '', user_registered MOMENT,
      user_activation_key varchar(255) not null default '', user_status integer not null default 0,
      display_name varchar(250) not null default '')`,
    'create table blog_usermeta (umeta_id SERIAL, user_id bigint not null default 0, meta_key varchar(255), meta_value text)',
    'create table blog_posts ("ID" SERIAL, post_author bigint not null, post_password varchar(255) not null default \'\', post_title text not null)',
  ),
  rows: { blog_users: [{ ID: 1, user_login: 'ada', user_pass: BCRYPT, user_nicename: 'ada', user_email: 'ada@x' }] },
  accounts: {
    table: 'blog_users',
    columns: { id: 'ID', login: 'user_login', email: 'user_email', password: 'user_pass' },
    confirmedWhen: 'coalesce(user_status, 0) = 0',
  },
};

/** The entity of `make:user` and `make:registration-form` in Symfony 7. */
const SYMFONY: Schema = {
  framework: 'Symfony',
  about: 'roles as JSON',
  tables: tablesOf(
    'create table "user" (id SERIAL, email varchar(180) not null unique, roles text not null, password varchar(255) not null, is_verified BOOL not null)',
  ),
  rows: { user: [{ id: 1, email: 'ada@x', roles: '["ROLE_ADMIN"]', password: BCRYPT, is_verified: true }] },
  accounts: {
    table: 'user',
    columns: { id: 'id', email: 'email', password: 'password', confirmed: 'is_verified', groups: 'roles' },
  },
  groups: ['ROLE_ADMIN'],
};

export const PHP: readonly Schema[] = [LARAVEL, LARAVEL_DELETES, WORDPRESS, SYMFONY];
