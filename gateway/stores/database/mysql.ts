import type { Socket } from 'node:net';
import type { Knex } from 'knex';
import type { MysqlLocation } from '../../settings/schema/database-url.ts';

/** The part of a mysql2 connection that this gateway uses. */
export interface MysqlConnection {
  readonly stream: Socket;
  query(statement: { sql: string; timeout: number }, done: (error: Error | null) => void): void;
}

/** Idle milliseconds before the first TCP keep-alive probe. */
const KEEP_ALIVE_DELAY = 10_000;
/** Idle milliseconds before a pooled connection is closed: well below the `wait_timeout` of any server. */
const IDLE_LIMIT = 30_000;

/**
 * The knex configuration for MySQL and MariaDB: at most ten connections, none kept when idle.
 *
 * @param timeout milliseconds for each of: connecting, preparing the session, waiting for a free connection
 * @param onConnection called with the socket of every connection, so that the owner can destroy them all
 */
export function mysqlConfig(
  location: MysqlLocation,
  timeout: number,
  onConnection: (socket: Socket) => void,
): Knex.Config {
  const { host, port, user, password, database } = location;
  return {
    client: 'mysql2',
    // Otherwise knex queries the version on the first connection, without a deadline, and all others wait.
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
 * Sets all of `sql_mode`: strict, so that no value is truncated, and without `NO_BACKSLASH_ESCAPES`, under which the driver's
 * escaping would allow SQL injection. Lock waits end with the caller's timeout: a write whose client got 503 must not be
 * executed minutes later.
 */
function sessionStatement(timeout: number): string {
  const seconds = Math.max(1, Math.ceil(timeout / 1000));
  return `SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = ${seconds}, SESSION lock_wait_timeout = ${seconds}`;
}
