import type { Knex } from 'knex';
import type { DatabaseLocation } from '../../settings/schema/database-url.ts';
import type { TlsSettings } from '../../settings/schema/settings.ts';
import { mysqlConfig } from './mysql.ts';
import type { Connections } from './open-connections.ts';
import { beginPostgres, postgresConfig } from './postgres.ts';
import { prepareSqliteFile, sqliteConfig } from './sqlite.ts';

/** What knex is given for a database. Prepares the file of SQLite. @throws OperatorError when it cannot be created */
export function configFor(
  location: DatabaseLocation,
  { timeout, readOnly, tls }: { timeout: number; readOnly: boolean; tls: () => TlsSettings | undefined },
  connections: Connections,
): Knex.Config {
  switch (location.kind) {
    case 'sqlite':
      if (!readOnly) prepareSqliteFile(location.file);
      return sqliteConfig(location.file, readOnly);
    case 'mysql':
      return mysqlConfig(location, { timeout, tls }, connections);
    case 'postgres':
      return postgresConfig(location, { timeout, readOnly, tls }, connections);
  }
}

/** The statement that begins a transaction. @param timeout milliseconds for the whole transaction */
export const BEGIN: Record<DatabaseLocation['kind'], (timeout: number) => string> = {
  sqlite: () => 'begin immediate',
  mysql: () => 'start transaction',
  postgres: beginPostgres,
};
