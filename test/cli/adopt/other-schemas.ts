import { FIXTURES } from '../../identify/passwords/hashes/fixtures.ts';
import { type Schema, tablesOf } from './schema.ts';

const BCRYPT = FIXTURES.find(({ format, cheap }) => format === 'bcrypt' && cheap)?.hash;

/** The generator of Devise 4 with confirmable and lockable, and the migration of rolify. */
const DEVISE: Schema = {
  framework: 'Rails, Devise',
  about: 'rolify',
  tables: tablesOf(
    `create table users (id SERIAL, email varchar(255) not null default '', encrypted_password varchar(255) not null default '',
      reset_password_token varchar(255), reset_password_sent_at MOMENT, remember_created_at MOMENT, confirmation_token varchar(255),
      confirmed_at MOMENT, confirmation_sent_at MOMENT, unconfirmed_email varchar(255), failed_attempts integer not null default 0,
      locked_at MOMENT, created_at MOMENT, updated_at MOMENT)`,
    'create table roles (id SERIAL, name varchar(255), resource_type varchar(255), resource_id bigint)',
    'create table users_roles (user_id bigint, role_id bigint)',
  ),
  rows: {
    users: [{ id: 1, email: 'ada@x', encrypted_password: BCRYPT, confirmed_at: '2024-02-29 12:00:00' }],
    roles: [{ id: 2, name: 'moderator' }],
    users_roles: [{ user_id: 1, role_id: 2 }],
  },
  accounts: {
    table: 'users',
    columns: { id: 'id', email: 'email', password: 'encrypted_password' },
    confirmedWhen: 'confirmed_at is not null and locked_at is null',
    groups: {
      ...{ table: 'users_roles', account: 'user_id', group: 'role_id' },
      names: { table: 'roles', id: 'id', name: 'name' },
    },
  },
  groups: ['moderator'],
};

/** The generator `authentication` of Rails 8. */
const RAILS: Schema = {
  framework: 'Rails, has_secure_password',
  about: 'Rails 8',
  tables: tablesOf(
    'create table users (id SERIAL, email_address varchar(255) not null unique, password_digest varchar(255) not null, created_at MOMENT, updated_at MOMENT)',
    'create table sessions (id SERIAL, user_id bigint not null, ip_address varchar(255), user_agent varchar(255))',
  ),
  rows: { users: [{ id: 1, email_address: 'ada@x', password_digest: BCRYPT }] },
  accounts: {
    table: 'users',
    columns: { id: 'id', email: 'email_address', password: 'password_digest' },
    confirmedWhen: '1 = 1',
  },
};

/** users.ddl of Spring Security. */
const SPRING: Schema = {
  framework: 'Spring Security',
  about: 'authorities',
  tables: tablesOf(
    'create table users (username varchar(50) not null primary key, password varchar(500) not null, enabled BOOL not null)',
    'create table authorities (username varchar(50) not null, authority varchar(50) not null)',
  ),
  rows: {
    users: [{ username: 'ada', password: BCRYPT, enabled: true }],
    authorities: [{ username: 'ada', authority: 'ROLE_USER' }],
  },
  accounts: {
    table: 'users',
    columns: { id: 'username', login: 'username', password: 'password', confirmed: 'enabled' },
    groups: { table: 'authorities', account: 'username', name: 'authority' },
  },
  groups: ['ROLE_USER'],
};

/** CreateIdentitySchema of ASP.NET Core Identity 8. */
const ASPNET: Schema = {
  framework: 'ASP.NET Identity',
  about: 'EF Core',
  tables: tablesOf(
    'create table "AspNetRoles" ("Id" varchar(255) not null primary key, "Name" varchar(256), "NormalizedName" varchar(256), "ConcurrencyStamp" text)',
    `create table "AspNetUsers" ("Id" varchar(255) not null primary key, "UserName" varchar(256), "NormalizedUserName" varchar(256),
      "Email" varchar(256), "NormalizedEmail" varchar(256), "EmailConfirmed" BOOL not null, "PasswordHash" text,
      "SecurityStamp" text, "ConcurrencyStamp" text, "PhoneNumber" text, "PhoneNumberConfirmed" BOOL not null,
      "TwoFactorEnabled" BOOL not null, "LockoutEnd" MOMENT, "LockoutEnabled" BOOL not null, "AccessFailedCount" integer not null)`,
    'create table "AspNetUserRoles" ("UserId" varchar(255) not null, "RoleId" varchar(255) not null)',
    'create table "AspNetRoleClaims" ("Id" SERIAL, "RoleId" varchar(255) not null, "ClaimType" text, "ClaimValue" text)',
  ),
  rows: {
    AspNetUsers: [
      {
        ...{ Id: 'u1', UserName: 'ada@x', NormalizedUserName: 'ADA@X', Email: 'ada@x', NormalizedEmail: 'ADA@X' },
        ...{ EmailConfirmed: true, PasswordHash: BCRYPT, SecurityStamp: 's', PhoneNumberConfirmed: false },
        ...{ TwoFactorEnabled: false, LockoutEnabled: true, AccessFailedCount: 0 },
      },
    ],
    AspNetRoles: [{ Id: 'r1', Name: 'Admin', NormalizedName: 'ADMIN' }],
    AspNetUserRoles: [{ UserId: 'u1', RoleId: 'r1' }],
  },
  accounts: {
    table: 'AspNetUsers',
    columns: { id: 'Id', login: 'UserName', email: 'Email', password: 'PasswordHash', confirmed: 'EmailConfirmed' },
    groups: {
      ...{ table: 'AspNetUserRoles', account: 'UserId', group: 'RoleId' },
      names: { table: 'AspNetRoles', id: 'Id', name: 'Name' },
    },
  },
  groups: ['Admin'],
};

/** A model of Prisma, and of Sequelize with `paranoid`. */
const NODE: Schema = {
  framework: 'Node with Sequelize or Prisma',
  about: 'deletedAt',
  tables: tablesOf(
    `create table "User" (id varchar(191) not null primary key, email varchar(191) not null unique, "passwordHash" varchar(191),
      role varchar(20) not null, "emailVerified" MOMENT, "createdAt" MOMENT, "updatedAt" MOMENT, "deletedAt" MOMENT)`,
  ),
  rows: {
    User: [
      {
        id: 'cjld2cjxh0000',
        email: 'ada@x',
        passwordHash: BCRYPT,
        role: 'ADMIN',
        emailVerified: '2024-02-29 12:00:00',
      },
    ],
  },
  accounts: {
    table: 'User',
    columns: { id: 'id', email: 'email', password: 'passwordHash', groups: 'role' },
    confirmedWhen: {
      sqlite: '"emailVerified" is not null and "deletedAt" is null',
      mysql: '`emailVerified` is not null and `deletedAt` is null',
      postgres: '"emailVerified" is not null and "deletedAt" is null',
    },
  },
  groups: ['ADMIN'],
};

/** phx.gen.auth of Phoenix 1.7. */
const PHOENIX: Schema = {
  framework: 'Phoenix, phx.gen.auth',
  about: 'Phoenix 1.7',
  tables: tablesOf(
    'create table users (id SERIAL, email varchar(160) not null unique, hashed_password varchar(255) not null, confirmed_at MOMENT, inserted_at MOMENT, updated_at MOMENT)',
    'create table users_tokens (id SERIAL, user_id bigint not null, token varchar(255) not null, context varchar(255) not null, sent_to varchar(255))',
  ),
  rows: { users: [{ id: 1, email: 'ada@x', hashed_password: BCRYPT, confirmed_at: '2024-02-29 12:00:00' }] },
  accounts: {
    table: 'users',
    columns: { id: 'id', email: 'email', password: 'hashed_password', confirmed: 'confirmed_at' },
  },
};

export const OTHERS: readonly Schema[] = [DEVISE, RAILS, SPRING, ASPNET, NODE, PHOENIX];
