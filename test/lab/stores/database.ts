import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import pg from 'pg';
import {
  type DatabaseLocation,
  type MysqlLocation,
  parseDatabaseUrl,
} from '../../../gateway/settings/schema/database-url.ts';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import type { Scope } from '../scope.ts';

export type DatabaseKind = DatabaseLocation['kind'];

/** For the tests that run over each of them. */
export const DATABASES = ['sqlite', 'mysql', 'postgres'] as const satisfies DatabaseKind[];

/** The servers that the tests share; each test has its own database. */
const MYSQL_URL = process.env.TEST_MYSQL_URL ?? 'mysql://root@127.0.0.1:3306';
const POSTGRES_URL = process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432';

/** An empty database for one test, removed when the test ends. */
export async function temporaryDatabase(t: Scope, kind: DatabaseKind): Promise<DatabaseLocation> {
  if (kind === 'mysql') return await temporaryMysql(t);
  if (kind === 'postgres') return await temporaryPostgres(t);
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-database-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return { kind: 'sqlite', file: join(folder, 'gatehouse.sqlite') };
}

/** As `temporaryDatabase`, opened and migrated; closed when the test ends. */
export async function migratedDatabase(t: Scope, kind: DatabaseKind): Promise<Database> {
  const database = openDatabase(await temporaryDatabase(t, kind), { timeout: 10_000 });
  t.teardown(() => database.close());
  await migrate(database);
  return database;
}

export function locationOf(url: string): DatabaseLocation {
  const location = parseDatabaseUrl(url);
  if (typeof location === 'string') throw new Error(location);
  return location;
}

/** The value of `database.url` for this location. */
export function urlOf(location: DatabaseLocation): string {
  if (location.kind === 'sqlite') return `sqlite:${location.file}`;
  const { kind, user, password, host, port, database } = location;
  const credentials = [user, password].map(encodeURIComponent).join(':');
  const url = `${kind}://${credentials}@${encodeURIComponent(host)}:${port}/${encodeURIComponent(database)}`;
  if (location.kind === 'mysql') return url;
  const { schema, sslmode } = location;
  return `${url}?${new URLSearchParams({ ...(sslmode !== null && { sslmode }), ...(schema !== null && { schema }) })}`;
}

async function temporaryMysql(t: Scope): Promise<MysqlLocation> {
  const location = { ...locationOf(withAnyDatabase(MYSQL_URL)), database: newName() } as MysqlLocation;
  await asMysqlAdministrator(location, `create database ${location.database}`);
  t.teardown(() => asMysqlAdministrator(location, `drop database if exists ${location.database}`));
  return location;
}

/** As `temporaryDatabase`, on PostgreSQL. */
export async function temporaryPostgres(t: Scope, encoding: 'UTF8' | 'LATIN1' = 'UTF8'): Promise<PostgresLocation> {
  const location = { ...locationOf(withAnyDatabase(POSTGRES_URL)), database: newName() } as PostgresLocation;
  // Copied from the template that nobody is connected to, and that allows every encoding.
  const properties = `template template0 encoding '${encoding}' lc_collate 'C' lc_ctype 'C'`;
  await asPostgresAdministrator(location, `create database ${location.database} ${properties}`);
  t.teardown(() => asPostgresAdministrator(location, `drop database if exists ${location.database} with (force)`));
  return location;
}

function newName(): string {
  return `gatehouse_test_${randomBytes(8).toString('hex')}`;
}

/** A URL of a server with the name of a database, which the gateway requires. */
function withAnyDatabase(server: string): string {
  const url = new URL(server);
  url.pathname = '/postgres';
  return url.href;
}

/** Attempts to connect: on a busy machine the server may miss its own deadline for greeting a client. */
const TRIES = 5;

async function patiently<T>(connect: () => Promise<T>, tries = TRIES): Promise<T> {
  return await connect().catch((error: unknown) => {
    if (tries === 1) throw error;
    return patiently(connect, tries - 1);
  });
}

async function asMysqlAdministrator({ host, port, user, password }: MysqlLocation, statement: string): Promise<void> {
  const connect = (): Promise<Connection> => createConnection({ host, port, user, password, connectTimeout: 30_000 });
  const connection = await patiently(connect);
  await connection.query(statement);
  await connection.end();
}

async function asPostgresAdministrator(location: PostgresLocation, statement: string): Promise<void> {
  const { host, port, user, password } = location;
  const client = await patiently(async () => {
    const connecting = new pg.Client({
      host,
      port,
      user,
      password,
      database: 'postgres',
      connectionTimeoutMillis: 30_000,
    });
    await connecting.connect();
    return connecting;
  });
  await client.query(statement);
  await client.end();
}
