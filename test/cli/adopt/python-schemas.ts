import { FIXTURES } from '../../identify/passwords/hashes/fixtures.ts';
import { type Schema, tablesOf } from './schema.ts';

const hashOf = (format: string) => FIXTURES.find((one) => one.format === format && one.cheap)?.hash ?? '';

/** django.contrib.auth 5 (`manage.py sqlmigrate auth`). */
const DJANGO: Schema = {
  framework: 'Django',
  about: 'auth_user',
  tables: tablesOf(
    'create table auth_permission (id SERIAL, name varchar(255) not null, content_type_id integer not null, codename varchar(100) not null)',
    'create table auth_group (id SERIAL, name varchar(150) not null unique)',
    'create table auth_group_permissions (id SERIAL, group_id bigint not null, permission_id bigint not null)',
    `create table auth_user (id SERIAL, password varchar(128) not null, last_login MOMENT null, is_superuser BOOL not null,
      username varchar(150) not null unique, first_name varchar(150) not null, last_name varchar(150) not null,
      email varchar(254) not null, is_staff BOOL not null, is_active BOOL not null, date_joined MOMENT not null)`,
    'create table auth_user_groups (id SERIAL, user_id bigint not null, group_id bigint not null)',
    'create table auth_user_user_permissions (id SERIAL, user_id bigint not null, permission_id bigint not null)',
  ),
  rows: {
    auth_user: [
      {
        ...{ id: 1, password: hashOf('Django pbkdf2_sha256'), is_superuser: false, username: 'ada', first_name: '' },
        ...{ last_name: '', email: 'ada@x', is_staff: false, is_active: true, date_joined: '2024-02-29 12:00:00' },
      },
    ],
    auth_group: [{ id: 3, name: 'staff' }],
    auth_user_groups: [{ user_id: 1, group_id: 3 }],
  },
  accounts: {
    table: 'auth_user',
    columns: { id: 'id', login: 'username', email: 'email', password: 'password', confirmed: 'is_active' },
    groups: {
      ...{ table: 'auth_user_groups', account: 'user_id', group: 'group_id' },
      names: { table: 'auth_group', id: 'id', name: 'name' },
    },
  },
  groups: ['staff'],
};

/** A model of AbstractBaseUser and PermissionsMixin without a user name, in the app `shop`. */
const DJANGO_CUSTOM: Schema = {
  framework: 'Django',
  about: 'a model of its own',
  tables: tablesOf(
    'create table auth_group (id SERIAL, name varchar(150) not null unique)',
    `create table shop_customer (id UUID not null primary key, password varchar(128) not null, last_login MOMENT null,
      is_superuser BOOL not null, email varchar(254) not null unique, is_active BOOL not null)`,
    'create table shop_customer_groups (id SERIAL, customer_id UUID not null, group_id bigint not null)',
  ),
  rows: {
    shop_customer: [
      {
        ...{ id: '9b2c7c9e-5d5e-4f0a-8a1e-3f6f3a1d2b4c', password: hashOf('Django argon2id'), is_superuser: false },
        ...{ email: 'ada@x', is_active: true },
      },
    ],
    auth_group: [{ id: 3, name: 'editors' }],
    shop_customer_groups: [{ customer_id: '9b2c7c9e-5d5e-4f0a-8a1e-3f6f3a1d2b4c', group_id: 3 }],
  },
  accounts: {
    table: 'shop_customer',
    columns: { id: 'id', email: 'email', password: 'password', confirmed: 'is_active' },
    groups: {
      ...{ table: 'shop_customer_groups', account: 'customer_id', group: 'group_id' },
      names: { table: 'auth_group', id: 'id', name: 'name' },
    },
  },
  groups: ['editors'],
};

/** The model of Flask-SQLAlchemy in docs/adopting.md. */
const FLASK: Schema = {
  framework: 'Flask with Werkzeug',
  about: 'Flask-SQLAlchemy',
  tables: tablesOf(
    `create table users (id SERIAL, email varchar(64) unique, username varchar(64), password_hash varchar(256),
      confirmed BOOL, role_id integer)`,
    'create table roles (id SERIAL, name varchar(64) unique, "default" BOOL, permissions integer)',
  ),
  rows: {
    users: [{ id: 1, email: 'ada@x', password_hash: hashOf('Werkzeug scrypt'), confirmed: true, role_id: 2 }],
    roles: [{ id: 2, name: 'moderator' }],
  },
  accounts: {
    table: 'users',
    columns: { id: 'id', email: 'email', password: 'password_hash', confirmed: 'confirmed' },
    groups: {
      ...{ table: 'users', account: 'id', group: 'role_id' },
      names: { table: 'roles', id: 'id', name: 'name' },
    },
  },
  groups: ['moderator'],
};

/** The models of Flask-Security-Too 5 (`fsqla_v3`), confirmable. */
const FLASK_SECURITY: Schema = {
  framework: 'Flask-Security',
  about: 'confirmable',
  tables: tablesOf(
    'create table role (id SERIAL, name varchar(80) not null unique, description varchar(255), permissions text)',
    `create table "user" (id SERIAL, email varchar(255) not null unique, username varchar(255), password varchar(255),
      active BOOL not null, fs_uniquifier varchar(64) not null unique, confirmed_at MOMENT, last_login_at MOMENT,
      current_login_at MOMENT, login_count integer, tf_primary_method varchar(64))`,
    'create table roles_users (id SERIAL, user_id bigint, role_id bigint)',
  ),
  rows: {
    user: [
      {
        ...{ id: 1, email: 'ada@x', password: hashOf('argon2id'), active: true, fs_uniquifier: 'u' },
        confirmed_at: '2024-02-29 12:00:00',
      },
    ],
    role: [{ id: 5, name: 'admin' }],
    roles_users: [{ user_id: 1, role_id: 5 }],
  },
  accounts: {
    table: 'user',
    columns: { id: 'id', email: 'email', password: 'password' },
    confirmedWhen: {
      sqlite: 'confirmed_at is not null and active',
      mysql: 'confirmed_at is not null and active <> 0',
      postgres: 'confirmed_at is not null and active',
    },
    groups: {
      ...{ table: 'roles_users', account: 'user_id', group: 'role_id' },
      names: { table: 'role', id: 'id', name: 'name' },
    },
  },
  groups: ['admin'],
};

export const PYTHON: readonly Schema[] = [DJANGO, DJANGO_CUSTOM, FLASK, FLASK_SECURITY];
