import type { Socket } from 'node:net';
import type { Knex } from 'knex';
import type { MysqlLocation } from '../../settings/schema/database-url.ts';
import type { TlsSettings } from '../../settings/schema/settings.ts';
import { nodeTlsOptions } from '../../settings/schema/tls-options.ts';
import { verifiedAs } from '../../workarounds/mysql2-server-name.ts';
import type { ConnectionOwner } from './connection-owner.ts';

/** The part of a mysql2 connection that this gateway uses. */
export interface MysqlConnection {
  readonly stream: Socket;
  /** What `connection_id()` is in it. */
  readonly threadId: number;
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
 * @param tls how the next connections are secured; undefined: without TLS. Connections of before a change are replaced
 */
export function mysqlConfig(
  location: MysqlLocation,
  { timeout, tls }: { timeout: number; tls: () => TlsSettings | undefined },
  { onConnection, isUsable }: ConnectionOwner,
): Knex.Config {
  const { host, port, user, password, database } = location;
  return {
    client: 'mysql2',
    // Otherwise knex queries the version on the first connection, without a deadline, and all others wait.
    version: 'latest',
    connection() {
      const used = tls();
      return {
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
        ...(used !== undefined && secured(location, used)),
        // knex replaces the connections whose configuration has expired.
        expirationChecker: () => tls() !== used,
      };
    },
    acquireConnectionTimeout: timeout,
    pool: {
      min: 0,
      max: 10,
      createTimeoutMillis: timeout,
      idleTimeoutMillis: IDLE_LIMIT,
      afterCreate(connection: MysqlConnection, done: (error: Error | null) => void) {
        onConnection(connection.stream, connection.threadId);
        connection.query({ sql: sessionStatement(timeout), timeout }, (error) => {
          if (error !== null) connection.stream.destroy();
          done(error);
        });
      },
      validate: ({ stream }: MysqlConnection) => isUsable(stream),
    },
  };
}

/** A server without TLS, or that cannot prove its name, gets no password: mysql2 never falls back to cleartext. */
function secured(location: MysqlLocation, tls: TlsSettings) {
  const { servername = location.host, ...certificates } = nodeTlsOptions(tls);
  return {
    ...verifiedAs(servername, location, KEEP_ALIVE_DELAY),
    ssl: { ...certificates, rejectUnauthorized: true, verifyIdentity: true },
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
