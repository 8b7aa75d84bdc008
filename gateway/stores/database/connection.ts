import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import knex, { type Knex } from 'knex';
import { GatewayError, OperatorError, storeUnavailable } from '../../domain/errors.ts';
import type { DatabaseLocation } from '../../settings/schema/database-url.ts';
import type { TlsSettings } from '../../settings/schema/settings.ts';
import { explainedConnect } from './connect-failure.ts';
import { DeadlineExceeded, within } from './deadline.ts';
import { BEGIN, configFor } from './drivers.ts';
import { isUnstorableText } from './failure.ts';
import { type Listen, postgresListener } from './listen.ts';
import { openConnections } from './open-connections.ts';
import { mayBeSentAgain, mayRunAgain, waitBefore } from './retry.ts';
import { sqliteHealth } from './sqlite-health.ts';

/** A knex query or raw statement that has not been sent. */
export interface Query<T> extends PromiseLike<T> {
  connection(connection: unknown): PromiseLike<T>;
  toSQL(): { readonly method: string };
}

const READS: readonly string[] = ['select', 'first', 'pluck'];

/** Sends queries, inside or outside of a transaction. */
export interface QueryRunner {
  readonly kind: DatabaseLocation['kind'];
  /** Builds queries, and runs migrations. Stores send queries through `query`, never by awaiting them. */
  readonly sql: Knex;
  /**
   * Sends one query, and settles within the timeout of the database. The timeout includes waiting for a connection, a retry,
   * and waiting for another writer. A read that compares with text that the database cannot store, such as a NUL character in
   * PostgreSQL, finds nothing.
   *
   * @throws GatewayError `service_unavailable` on every failure, with the driver's error as its cause. A write may or may not
   *   have been executed then.
   */
  query<T>(statement: Query<T>): Promise<T>;
}

export interface Database extends QueryRunner {
  /** Where the gateway's own tables are, on PostgreSQL; null: in the default schema of the role. */
  readonly schema: string | null;
  /**
   * Runs `work` in a transaction, within the timeout of one query. When `work` rejects, the transaction is rolled back. When
   * another writer prevents it, or its connection breaks before the commit, `work` runs again in another transaction.
   *
   * @throws what `work` throws; GatewayError `service_unavailable` when the database fails, also in the commit, after
   *   which the transaction may or may not have been committed
   */
  transact<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T>;
  /** Receives the notices of PostgreSQL; null: the other databases have none. */
  readonly listen: Listen | null;
  /** Resolves when the database answers. Throws as `query` does. */
  ping(): Promise<void>;
  /** Resolves when the SQLite file exists and is writable; at once for a server. Throws as `query` does. */
  checkWritable(): Promise<void>;
  /** Secures new connections in this way; undefined: not at all. No present connection is used again if that is a change. */
  useTls(tls: TlsSettings | undefined): void;
  /** The open connections of this process, by the ids of the server (`connection_id()`); only of MySQL. */
  connectionIds(): readonly number[];
  /** Waits up to `ms` milliseconds (default: the timeout) for running queries, then destroys every connection. */
  close(ms?: number): Promise<void>;
}

export interface DatabaseOptions {
  /** Milliseconds for a query in total. */
  readonly timeout: number;
  /** An SQLite file must exist, and is not changed; a PostgreSQL server may be a standby. */
  readonly readOnly?: boolean;
  /** TLS to the server; undefined: none. */
  readonly tls?: TlsSettings | undefined;
}

/** Keeps knex from writing failures to the console: each one reaches the caller, who logs it. */
const SILENT = { warn() {}, error() {}, deprecate() {}, debug() {} };

/**
 * Opens the database. Connections are established on demand.
 *
 * @throws OperatorError when an SQLite file cannot be created
 */
export function openDatabase(
  location: DatabaseLocation,
  { timeout, readOnly = false, tls: firstTls }: DatabaseOptions,
): Database {
  let tls = firstTls;
  const connections = openConnections(location, () => tls, timeout);
  const config = configFor(location, { timeout, readOnly, tls: () => tls }, connections);
  const listener =
    location.kind === 'postgres' ? postgresListener(location, { timeout, tls: () => tls }, connections) : null;
  const sql = knex({ ...config, log: SILENT, compileSqlOnError: false });
  const pool: Pick<Knex.Client, 'acquireConnection' | 'releaseConnection'> = sql.client;
  /** @param obstacle the failure of an earlier attempt: the reason when the last one had no time left */
  const unavailable = (error: unknown, obstacle: unknown = null) =>
    storeUnavailable(
      'database',
      explainedConnect(error instanceof DeadlineExceeded ? (obstacle ?? error) : error, tls),
    );

  async function acquire(deadline: number): Promise<{ connection: unknown; release: () => unknown }> {
    const release = (connection: unknown) => pool.releaseConnection(connection);
    const connection: unknown = await within(deadline - performance.now(), pool.acquireConnection(), release);
    return { connection, release: () => release(connection) };
  }

  async function send<T>(statement: Query<T>, deadline: number): Promise<T> {
    const { connection, release } = await acquire(deadline);
    let freed = Promise.resolve();
    try {
      return await within(deadline - performance.now(), statement.connection(connection));
    } catch (error) {
      if (error instanceof DeadlineExceeded) freed = connections.cut(connection);
      throw error;
    } finally {
      void freed.finally(release);
    }
  }

  async function query<T>(statement: Query<T>): Promise<T> {
    const deadline = performance.now() + timeout;
    let sentAgain = false;
    let obstacle: unknown = null;
    for (;;) {
      try {
        return await send(statement, deadline);
      } catch (error) {
        if (isUnstorableText(error) && isRead(statement)) {
          // What the database cannot store is in none of its rows.
          return (statement.toSQL().method === 'first' ? undefined : []) as T;
        }
        const wait = waitBefore(error);
        if (wait !== null && performance.now() + wait < deadline) {
          obstacle = error;
          await pause(wait);
        } else if (mayBeSentAgain(error, isRead(statement)) && !sentAgain && performance.now() < deadline) {
          // What ended this connection may have ended the others of the pool.
          connections.retireAll();
          sentAgain = true;
        } else {
          throw unavailable(error, obstacle);
        }
      }
    }
  }

  async function attempt<T>(
    work: (runner: QueryRunner) => Promise<T>,
    deadline: number,
    onCommit: () => void,
  ): Promise<T> {
    const { connection, release } = await acquire(deadline);
    let freed = Promise.resolve();
    const run = <Result>(statement: Query<Result>) =>
      within(deadline - performance.now(), statement.connection(connection));
    try {
      await run(sql.raw(BEGIN[location.kind](timeout)));
      const result = await work({ kind: location.kind, sql, query: run });
      onCommit();
      await run(sql.raw('commit'));
      return result;
    } catch (error) {
      // If the rollback fails, the connection is destroyed, and the server rolls back. A failed `begin` is rolled back too: it
      // may still be executed, and the next user's writes on this connection would then never be committed.
      await run(sql.raw('rollback')).catch(() => {
        freed = connections.cut(connection);
      });
      throw error;
    } finally {
      void freed.finally(release);
    }
  }

  async function transact<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const deadline = performance.now() + timeout;
    let isRepeated = false;
    let obstacle: unknown = null;
    for (;;) {
      let isCommitting = false;
      const onCommit = () => {
        isCommitting = true;
      };
      try {
        return await attempt(work, deadline, onCommit);
      } catch (error) {
        if (error instanceof GatewayError || error instanceof OperatorError) throw error;
        const mayWork = mayRunAgain(error, isCommitting);
        if (mayWork) connections.retireAll();
        const wait = waitBefore(error) ?? (mayWork && !isRepeated ? 0 : null);
        if (wait === null || performance.now() + wait > deadline) throw unavailable(error, obstacle);
        obstacle = error;
        isRepeated ||= mayWork;
        await pause(wait);
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
    schema: location.kind === 'postgres' ? location.schema : null,
    sql,
    query,
    transact,
    listen: listener?.listen ?? null,
    async ping() {
      await query(sql.select(sql.raw('1')));
    },
    async checkWritable() {
      await verifyFile().catch((error: unknown) => {
        throw unavailable(error);
      });
    },
    useTls(next) {
      if (isDeepStrictEqual(tls, next)) return;
      tls = next;
      listener?.endAll();
    },
    connectionIds: () => connections.ids(),
    async close(ms = timeout) {
      await within(Math.min(ms, timeout), sql.destroy()).catch(() => {});
      connections.destroyAll();
    },
  };
}

function isRead(statement: Query<unknown>): boolean {
  return READS.includes(statement.toSQL().method);
}
