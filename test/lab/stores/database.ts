import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { type DatabaseLocation, parseDatabaseUrl } from '../../../gateway/settings/schema/addresses.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import type { Scope } from '../scope.ts';

/** The server that the tests share; each test has its own database. The URL class cannot rebuild `mysql:` URLs. */
const MYSQL_URL = process.env.TEST_MYSQL_URL ?? 'mysql://root@127.0.0.1:3306';

/** An empty database for one test, removed when the test ends. */
export async function temporaryDatabase(t: Scope, kind: 'sqlite' | 'mysql'): Promise<DatabaseLocation> {
  if (kind === 'mysql') return await temporaryMysql(t);
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-database-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return { kind: 'sqlite', file: join(folder, 'gatehouse.sqlite') };
}

/** As `temporaryDatabase`, opened and migrated; closed when the test ends. */
export async function migratedDatabase(t: Scope, kind: 'sqlite' | 'mysql'): Promise<Database> {
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
  const { user, password, host, port, database } = location;
  const credentials = [user, password].map(encodeURIComponent).join(':');
  return `mysql://${credentials}@${host}:${port}/${encodeURIComponent(database)}`;
}

async function temporaryMysql(t: Scope): Promise<DatabaseLocation> {
  const name = `gatehouse_test_${randomBytes(8).toString('hex')}`;
  const server = new URL(MYSQL_URL);
  server.pathname = `/${name}`;
  const location = locationOf(server.href);
  await asAdministrator(location, `create database ${name}`);
  t.teardown(() => asAdministrator(location, `drop database if exists ${name}`));
  return location;
}

/** Attempts to connect: on a busy machine the server may miss its own deadline for greeting a client. */
const TRIES = 5;

async function asAdministrator(location: DatabaseLocation, statement: string): Promise<void> {
  if (location.kind !== 'mysql') return;
  const { host, port, user, password } = location;
  const connect = async (tries: number): Promise<Connection> =>
    await createConnection({ host, port, user, password, connectTimeout: 30_000 }).catch((error: unknown) => {
      if (tries === 1) throw error;
      return connect(tries - 1);
    });
  const connection = await connect(TRIES);
  await connection.query(statement);
  await connection.end();
}
