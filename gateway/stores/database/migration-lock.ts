import type { Knex } from 'knex';
import { OperatorError } from '../../domain/errors.ts';
import type { Database } from './connection.ts';
import { isLockTimeout } from './failure.ts';
import { transactionSettings } from './postgres.ts';

/** The table in which knex records applied migrations; the name of its lock table adds `_lock`. */
export const MIGRATIONS_TABLE = 'gatehouse_migrations';
const LOCK_TABLE = `${MIGRATIONS_TABLE}_lock`;

/** Seconds to wait for another process that migrates the same database. */
const LOCK_WAIT = 60;
/** Contains the database, since names of `GET_LOCK` are global to the server. They have at most 64 characters. */
const LOCK_NAME = `concat('gatehouse:', sha1(database()))`;

/**
 * Runs `work` in a transaction, under a lock that excludes all other processes on all machines.
 *
 * knex's own lock is a row, which a killed process leaves locked for ever. This lock ends with its holder: `GET_LOCK` of a
 * MySQL connection, the write lock of an SQLite file, or an advisory lock of a PostgreSQL transaction, which a pooler gives
 * one server connection. The holder may free a stale row of knex.
 *
 * @throws OperatorError when another process keeps the lock for a minute
 */
export function withMigrationLock<T>(
  database: Database,
  work: (transaction: Knex.Transaction) => Promise<T>,
): Promise<T> {
  switch (database.kind) {
    case 'mysql':
      return lockMysql(database.sql, work);
    case 'sqlite':
      return lockFile(database.sql, work);
    case 'postgres':
      return lockPostgres(database, work);
  }
}

/** @throws what `work` throws: on a broken connection, knex would throw the error of the rollback instead */
async function inTransaction<T>(sql: Knex, work: (transaction: Knex.Transaction) => Promise<T>): Promise<T> {
  const failures: unknown[] = [];
  const noting = (transaction: Knex.Transaction) =>
    work(transaction).catch((error: unknown) => {
      failures.push(error);
      throw error;
    });
  try {
    return await sql.transaction(noting);
  } catch (error) {
    const [failure = error] = failures;
    throw failure;
  }
}

async function lockMysql<T>(sql: Knex, work: (transaction: Knex.Transaction) => Promise<T>): Promise<T> {
  // The transaction only pins one connection, which holds the lock.
  return await inTransaction(sql, async (transaction) => {
    const [rows] = await transaction.raw(`select get_lock(${LOCK_NAME}, ${LOCK_WAIT}) as held`);
    if (rows[0].held !== 1) throw lockTimeout();
    try {
      await transaction.migrate.forceFreeMigrationsLock({ tableName: MIGRATIONS_TABLE });
      return await work(transaction);
    } finally {
      // A broken connection has released it already.
      await transaction.raw(`do release_lock(${LOCK_NAME})`).catch(() => {});
    }
  });
}

async function lockFile<T>(sql: Knex, work: (transaction: Knex.Transaction) => Promise<T>): Promise<T> {
  await sql.raw(
    `create table if not exists ${LOCK_TABLE} ("index" integer not null primary key autoincrement, is_locked integer)`,
  );
  return await inTransaction(sql, async (transaction) => {
    // The first statement writes, so it takes the write lock before any read.
    await transaction(LOCK_TABLE).delete();
    return await work(transaction);
  });
}

/** Any number that no application uses by chance; advisory locks of one database do not concern another. */
const ADVISORY_LOCK = '7449365990087619955';
/** Milliseconds for one statement of a migration, and between two of them. */
const LIMITS = { statement: 0, lock: LOCK_WAIT * 1000, idle: 60_000 };

async function lockPostgres<T>(
  { sql, schema }: Pick<Database, 'sql' | 'schema'>,
  work: (transaction: Knex.Transaction) => Promise<T>,
): Promise<T> {
  return await inTransaction(sql, async (transaction) => {
    await transaction.raw(transactionSettings(LIMITS));
    await transaction.raw(`select pg_advisory_xact_lock(${ADVISORY_LOCK})`).catch((error: unknown) => {
      throw isLockTimeout(error) ? lockTimeout() : error;
    });
    if (schema !== null) await useSchema(transaction, schema);
    return await work(transaction);
  });
}

/** `create schema if not exists` requires the right to create one even if it exists. */
async function useSchema(transaction: Knex.Transaction, schema: string): Promise<void> {
  const { rows } = await transaction.raw('select 1 from pg_namespace where nspname = ?', [schema]);
  if (rows.length === 0) await transaction.raw('create schema ??', [schema]);
  await transaction.raw('set local search_path to ??', [schema]);
}

function lockTimeout(): OperatorError {
  return new OperatorError(
    `Another process has been migrating the database for ${LOCK_WAIT} seconds: wait for it, or stop it and try again.`,
  );
}
