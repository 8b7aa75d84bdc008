import type { Socket } from 'node:net';
import type { Knex } from 'knex';
import type { DatabaseLocation } from '../../settings/schema/addresses.ts';

type MysqlLocation = Extract<DatabaseLocation, { kind: 'mysql' }>;

/** What this program touches of a mysql2 connection. */
export interface MysqlConnection {
  readonly stream: Socket;
  query(statement: { sql: string; timeout: number }, done: (error: Error | null) => void): void;
}

/** Milliseconds before the kernel asks whether the peer of a silent connection is still there. */
const KEEP_ALIVE_DELAY = 10_000;
/** Milliseconds without use before a pooled connection is closed: well below the `wait_timeout` of any server. */
const IDLE_LIMIT = 30_000;

/**
 * How knex reaches MySQL or MariaDB: at most ten connections, none kept when idle.
 *
 * @param timeout milliseconds for each of: connecting, preparing the session, waiting for a free connection
 * @param onConnection learns of every connection's socket, so that none outlives the pool
 */
export function mysqlConfig(
  location: MysqlLocation,
  timeout: number,
  onConnection: (socket: Socket) => void,
): Knex.Config {
  const { host, port, user, password, database } = location;
  return {
    client: 'mysql2',
    // Else knex asks for the version on the first connection, without a deadline, and lets all others wait for it.
    version: 'latest',
    connection: {
      host,
      port,
      user,
      password,
      database,
      charset: 'utf8mb4',
      timezone: 'Z',
      connectTimeout: timeout,
      enableKeepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY,
    },
    acquireConnectionTimeout: timeout,
    pool: {
      min: 0,
      max: 10,
      createTimeoutMillis: timeout,
      idleTimeoutMillis: IDLE_LIMIT,
      afterCreate(connection: MysqlConnection, done: (error: Error | null) => void) {
        onConnection(connection.stream);
        connection.query({ sql: sessionStatement(timeout), timeout }, (error) => {
          if (error !== null) connection.stream.destroy();
          done(error);
        });
      },
    },
  };
}

/**
 * `sql_mode` is set in full: strict, so that nothing is cut to fit, and without `NO_BACKSLASH_ESCAPES`, under which the
 * driver's escaping of values would let a quote through. The lock waits end when the caller has given up, so that a
 * write which was answered with 503 is not carried out minutes later.
 */
function sessionStatement(timeout: number): string {
  const seconds = Math.max(1, Math.ceil(timeout / 1000));
  return `SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = ${seconds}, SESSION lock_wait_timeout = ${seconds}`;
}
