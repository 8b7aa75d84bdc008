import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import { GatewayError, OperatorError, storeUnavailable } from '../../domain/errors.ts';
import type { DatabaseLocation } from '../../settings/schema/addresses.ts';
import { DeadlineExceeded, within } from './deadline.ts';
import { isBusy, isConnectionLost } from './failure.ts';
import { type MysqlConnection, mysqlConfig } from './mysql.ts';
import { prepareSqliteFile, sqliteConfig } from './sqlite.ts';
import { sqliteHealth } from './sqlite-health.ts';

/** A knex query or raw statement that has not been sent. */
export interface Query<T> extends PromiseLike<T> {
  connection(connection: unknown): PromiseLike<T>;
  toSQL(): { readonly method: string };
}

/** Sends queries, inside or outside of a transaction. */
export interface QueryRunner {
  /** Builds queries, and runs migrations. Stores send queries through `query`, never by awaiting them. */
  readonly sql: Knex;
  /**
   * Sends one query, and settles within the timeout of the database. The timeout includes waiting for a connection, a retry,
   * and waiting for another writer.
   *
   * @throws GatewayError `service_unavailable` on every failure, with the driver's error as its cause. A write may or may not
   *   have been executed then.
   */
  query<T>(statement: Query<T>): Promise<T>;
}

export interface Database extends QueryRunner {
  readonly kind: DatabaseLocation['kind'];
  /**
   * Runs `work` in a transaction, within the timeout of one query. When `work` rejects, the transaction is rolled back.
   *
   * @throws what `work` throws; GatewayError `service_unavailable` when the database fails, also in the commit, after
   *   which the transaction may or may not have been committed
   */
  transact<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T>;
  /** Resolves when the database answers. Throws as `query` does. */
  ping(): Promise<void>;
  /**
   * Resolves when the SQLite file exists and is writable; at once for MySQL. Throws as `query` does.
   */
  checkWritable(): Promise<void>;
  /** Waits up to `ms` milliseconds (default: the timeout) for running queries, then destroys every connection. */
  close(ms?: number): Promise<void>;
}

/** Milliseconds between two attempts while another process writes to the SQLite database. */
const BUSY_PAUSE = 10;
/** Keeps knex from writing failures to the console: each one reaches the caller, who logs it. */
const SILENT = { warn() {}, error() {}, deprecate() {}, debug() {} };

/**
 * Opens the database. Connections are established on demand.
 *
 * @param timeout milliseconds for a query in total
 * @param readOnly an SQLite file must exist, and is not changed
 * @throws OperatorError when an SQLite file cannot be created
 */
export function openDatabase(
  location: DatabaseLocation,
  { timeout, readOnly = false }: { readonly timeout: number; readonly readOnly?: boolean },
): Database {
  const sockets = new Set<Socket>();
  const sql = knex({ ...configFor(location, { timeout, readOnly }, sockets), log: SILENT, compileSqlOnError: false });
  const pool: Pick<Knex.Client, 'acquireConnection' | 'releaseConnection'> = sql.client;

  async function send<T>(statement: Query<T>, deadline: number): Promise<T> {
    const release = (connection: unknown) => pool.releaseConnection(connection);
    const connection: unknown = await within(deadline - performance.now(), pool.acquireConnection(), release);
    try {
      return await within(deadline - performance.now(), statement.connection(connection));
    } catch (error) {
      if (error instanceof DeadlineExceeded) cut(connection);
      throw error;
    } finally {
      await release(connection);
    }
  }

  async function query<T>(statement: Query<T>): Promise<T> {
    const deadline = performance.now() + timeout;
    let sentAgain = false;
    for (;;) {
      try {
        return await send(statement, deadline);
      } catch (error) {
        if (isBusy(error) && performance.now() + BUSY_PAUSE < deadline) {
          await pause(BUSY_PAUSE);
        } else if (isConnectionLost(error) && isRead(statement) && !sentAgain && performance.now() < deadline) {
          sentAgain = true;
        } else {
          throw storeUnavailable('database', error);
        }
      }
    }
  }

  async function attempt<T>(work: (runner: QueryRunner) => Promise<T>, deadline: number): Promise<T> {
    const release = (connection: unknown) => pool.releaseConnection(connection);
    const connection: unknown = await within(deadline - performance.now(), pool.acquireConnection(), release);
    const run = <Result>(statement: Query<Result>) =>
      within(deadline - performance.now(), statement.connection(connection));
    try {
      await run(sql.raw(location.kind === 'sqlite' ? 'begin immediate' : 'start transaction'));
      const result = await work({ sql, query: run });
      await run(sql.raw('commit'));
      return result;
    } catch (error) {
      // If the rollback fails, the connection is destroyed, and the server rolls back. A failed `begin` is rolled back too: it
      // may still be executed, and the next user's writes on this connection would then never be committed.
      await run(sql.raw('rollback')).catch(() => cut(connection));
      throw error;
    } finally {
      await release(connection);
    }
  }

  async function transact<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const deadline = performance.now() + timeout;
    for (;;) {
      try {
        return await attempt(work, deadline);
      } catch (error) {
        if (error instanceof GatewayError || error instanceof OperatorError) throw error;
        if (!isBusy(error) || performance.now() + BUSY_PAUSE > deadline) throw storeUnavailable('database', error);
        await pause(BUSY_PAUSE);
      }
    }
  }

  const verifyFile =
    location.kind === 'sqlite' && !readOnly
      ? sqliteHealth(location.file, async () => {
          const [found] = await query<{ user_version: number }[]>(sql.raw('pragma user_version'));
          await query(sql.raw(`pragma user_version = ${Number(found?.user_version ?? 0)}`));
        })
      : async () => {};

  return {
    kind: location.kind,
    sql,
    query,
    transact,
    async ping() {
      await query(sql.select(sql.raw('1')));
    },
    async checkWritable() {
      await verifyFile().catch((error: unknown) => {
        throw storeUnavailable('database', error);
      });
    },
    async close(ms = timeout) {
      await within(Math.min(ms, timeout), sql.destroy()).catch(() => {});
      for (const socket of sockets) socket.destroy();
    },
  };
}

function configFor(
  location: DatabaseLocation,
  { timeout, readOnly }: { readonly timeout: number; readonly readOnly: boolean },
  sockets: Set<Socket>,
): Knex.Config {
  if (location.kind === 'sqlite') {
    if (!readOnly) prepareSqliteFile(location.file);
    return sqliteConfig(location.file, readOnly);
  }
  return mysqlConfig(location, timeout, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
}

/** A dead pooled connection is detected by the next query on it. Only a read can be sent again safely. */
function isRead(statement: Query<unknown>): boolean {
  return ['select', 'first', 'pluck'].includes(statement.toSQL().method);
}

/** Destroys a MySQL connection: an orderly close would wait for the query that hangs. */
function cut(connection: unknown): void {
  if (typeof connection === 'object' && connection !== null && 'stream' in connection) {
    (connection as MysqlConnection).stream.destroy();
  }
}
