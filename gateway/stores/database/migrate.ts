import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import { OperatorError, storeUnavailable } from '../../domain/errors.ts';
import { keepingIdentifiers } from '../../workarounds/knex-migrated-identifiers.ts';
import type { Database } from './connection.ts';
import { within } from './deadline.ts';
import { isBusy, isForbidden, isTableMissing, statedBy } from './failure.ts';
import { MIGRATIONS_TABLE, withMigrationLock } from './migration-lock.ts';
import { accounts } from './migrations/0001-accounts.ts';
import { tokens } from './migrations/0002-tokens.ts';
import { revocations } from './migrations/0003-revocations.ts';
import { sessions } from './migrations/0004-sessions.ts';
import { tokenUse } from './migrations/0005-token-use.ts';
import { revocationChain } from './migrations/0006-revocation-chain.ts';
import { tokenBonds } from './migrations/0008-token-bonds.ts';
import { scopesAndGroups } from './migrations/0009-scopes-and-groups.ts';
import type { Migration } from './migrations/migration.ts';

const MIGRATIONS: readonly Migration[] = [
  accounts,
  tokens,
  revocations,
  sessions,
  tokenUse,
  revocationChain,
  tokenBonds,
  scopesAndGroups,
];

/** Milliseconds for all migrations, including the wait for another process that migrates. */
const DEADLINE = 5 * 60_000;
/** Milliseconds between two attempts while another process migrates the SQLite file. */
const BUSY_PAUSE = 20;

/**
 * Migrates the database to the schema of this release. Safe for concurrent processes, and for processes that are killed.
 *
 * @returns the names of the applied migrations; empty when the database was up to date
 * @throws OperatorError when a newer release has migrated the database, or a PostgreSQL role may not create the tables
 * @throws GatewayError `service_unavailable` when the database cannot be reached, or rejects a statement
 */
export async function migrate(database: Database): Promise<{ applied: string[] }> {
  try {
    return { applied: await within(DEADLINE, applyWhenFree(database, performance.now() + DEADLINE)) };
  } catch (error) {
    if (isForbidden(error)) throw forbidden(database, error);
    throw error instanceof OperatorError ? error : storeUnavailable('database', error);
  }
}

function forbidden({ schema }: Database, error: Error): OperatorError {
  const advice =
    schema === null
      ? 'grant it CREATE on that schema, or have `create schema gatehouse authorization …` run for it and add ' +
        '?schema=gatehouse to database.url'
      : `have \`create schema ${schema} authorization …\` run for it, or grant it CREATE and USAGE on that schema`;
  return new OperatorError(
    `database.url: this role may not create the gateway's tables (${statedBy(error)}): ${advice}.`,
  );
}

/**
 * Checks that the database has the schema of this release, and changes nothing.
 *
 * @throws OperatorError when the database is newer, or lacks migrations; GatewayError when it is unavailable
 */
export async function requireCurrentSchema(database: Database): Promise<void> {
  const { sql, query } = database;
  const completed: string[] = await query(sql(MIGRATIONS_TABLE).pluck('name')).catch((error: unknown) => {
    if (isTableMissing(error)) return [];
    throw error;
  });
  refuseNewer(completed);
  const missing = MIGRATIONS.filter(({ name }) => !completed.includes(name)).map(({ name }) => name);
  if (missing.length === 0) return;
  throw new OperatorError(
    `The database lacks ${missing.length === MIGRATIONS.length ? "the gateway's tables" : missing.join(', ')}: ` +
      'run `gatehouse migrate`, or start the gateway.',
  );
}

function refuseNewer(completed: readonly string[]): void {
  const unknown = completed.filter((name) => !MIGRATIONS.some((known) => known.name === name));
  if (unknown.length === 0) return;
  throw new OperatorError(
    `The database is newer than this program (it has ${unknown.join(', ')}): run the release that migrated it, or a later one.`,
  );
}

async function applyWhenFree(database: Database, deadline: number): Promise<string[]> {
  for (;;) {
    try {
      return await keepingIdentifiers(database.sql, () =>
        withMigrationLock(database, (transaction) => apply(transaction, database.kind)),
      );
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await pause(BUSY_PAUSE);
    }
  }
}

async function apply(transaction: Knex.Transaction, kind: Database['kind']): Promise<string[]> {
  const config = {
    tableName: MIGRATIONS_TABLE,
    migrationSource: sourceOf(MIGRATIONS, kind),
    // This is a transaction already. knex would use a savepoint in it, which the first DDL statement ends on MySQL.
    disableTransactions: true,
    // knex would report a corrupt migration directory.
    disableMigrationsListValidation: true,
  };
  const [completed]: [{ name: string }[]] = await transaction.migrate.list(config);
  refuseNewer(completed.map(({ name }) => name));
  const [, applied]: [number, string[]] = await transaction.migrate.latest(config);
  return applied;
}

function sourceOf(migrations: readonly Migration[], kind: Database['kind']): Knex.MigrationSource<unknown> {
  const source: Knex.MigrationSource<Migration> = {
    getMigrations: async () => [...migrations],
    getMigrationName: ({ name }) => name,
    getMigration: async ({ name, up }) => ({
      up: (sql) => up(sql, kind),
      // knex requires `down`.
      down: () => Promise.reject(new Error(`${name} cannot be undone`)),
    }),
  };
  return source;
}
