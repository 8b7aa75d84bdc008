import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { Knex } from 'knex';
import type { ClientConfig } from 'pg';
import { type PostgresLocation, sslModeOf } from '../../settings/schema/postgres-url.ts';
import type { TlsSettings } from '../../settings/schema/settings.ts';
import { nodeTlsOptions } from '../../settings/schema/tls-options.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import { readOnlyServer } from './failure.ts';
import { OWN_TABLES } from './own-tables.ts';

/** The part of a pg connection that this gateway uses. */
export interface PostgresConnection {
  readonly connection: { readonly stream: Socket };
  readonly processID: number;
  readonly secretKey: number;
  query(
    statement: { text: string; query_timeout: number },
    done: (error: Error | null, result: { rows: { standby: boolean }[] }) => void,
  ): void;
}

/** Idle milliseconds before the first TCP keep-alive probe. */
const KEEP_ALIVE_DELAY = 10_000;
/** Idle milliseconds before a pooled connection is closed. */
const IDLE_LIMIT = 30_000;

/** Object ids of types, from pg_type.dat. All other types arrive as text: a `Date` could not hold `infinity`. */
const READERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  [20, wholeNumber],
  [21, Number],
  [23, Number],
  [700, Number],
  [701, Number],
]);

/**
 * The knex configuration for PostgreSQL: at most ten connections, none kept when idle.
 *
 * The connections work through a pooler that gives each transaction another server connection, such as pgbouncer: there are
 * no named prepared statements, and no settings of the session. Transactions set what they need by `BEGIN`, and a statement
 * that is given up is cancelled by `cancelStatement`.
 *
 * @param timeout milliseconds for each of: connecting, asking for the kind of server, waiting for a free connection
 * @param readOnly a standby is good enough
 * @param tls how the next connections are secured. Connections of before a change are replaced
 */
export function postgresConfig(
  location: PostgresLocation,
  { timeout, readOnly, tls }: { timeout: number; readOnly: boolean; tls: () => TlsSettings | undefined },
  { onConnection, isUsable }: ConnectionOwner,
): Knex.Config {
  const { schema } = location;
  return {
    client: 'pg',
    // Otherwise knex queries the version on the first connection, without a deadline, and all others wait.
    version: '13',
    connection() {
      const used = tls();
      return {
        ...clientConfig(location, used, timeout),
        // knex replaces the connections whose configuration has expired.
        expirationChecker: () => tls() !== used,
      } as Knex.PgConnectionConfig;
    },
    ...(schema !== null && {
      wrapIdentifier: (name: string, wrap: (name: string) => string) =>
        OWN_TABLES.has(name) ? `${wrap(schema)}.${wrap(name)}` : wrap(name),
    }),
    acquireConnectionTimeout: timeout,
    pool: {
      min: 0,
      max: 10,
      createTimeoutMillis: timeout,
      idleTimeoutMillis: IDLE_LIMIT,
      afterCreate(connection: PostgresConnection, done: (error: Error | null) => void) {
        const { stream } = connection.connection;
        onConnection(stream);
        const statement = { text: 'select pg_is_in_recovery() as standby', query_timeout: timeout };
        connection.query(statement, (error, result) => {
          const problem = error ?? (result.rows[0]?.standby && !readOnly ? readOnlyServer() : null);
          if (problem !== null) stream.destroy();
          done(problem);
        });
      },
      validate: ({ connection: { stream } }: PostgresConnection) => isUsable(stream),
    },
  };
}

/**
 * The configuration of one connection, for pg.
 *
 * @param tls undefined: without TLS, unless `sslmode` requires it
 * @param timeout milliseconds for connecting
 */
export function clientConfig(location: PostgresLocation, tls: TlsSettings | undefined, timeout: number): ClientConfig {
  const { host, port, user, password, database } = location;
  return {
    host,
    port,
    user,
    // A function, since pg takes an empty password from the environment or a file.
    password: () => password,
    database,
    ssl: tlsOptions(location, tls),
    sslnegotiation: 'postgres',
    application_name: 'gatehouse',
    types: { getTypeParser: (type: number) => READERS.get(type) ?? ((text: string) => text) },
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY,
  };
}

/** Limits within a transaction, in milliseconds; 0: none. */
export interface TransactionLimits {
  readonly statement: number;
  readonly lock: number;
  /** Between two statements: a client that has gone without a word holds its locks no longer. */
  readonly idle: number;
}

/**
 * Begins a transaction, in one round trip. Waits for locks end with the caller's timeout: a write whose client got 503 must not
 * be executed minutes later.
 *
 * @param timeout milliseconds for the whole transaction
 */
export function beginPostgres(timeout: number): string {
  const limit = Math.ceil(timeout);
  return `begin; ${transactionSettings({ statement: limit, lock: limit, idle: limit })}`;
}

/**
 * The settings of a transaction that has begun; they end with it. They do not depend on the defaults of role and database: with
 * a snapshot that is older than a lock, revocations would be lost. Only `default_transaction_read_only` stays, by which an
 * operator or a failover manager forbids writes.
 */
export function transactionSettings({ statement, lock, idle }: TransactionLimits): string {
  return [
    'set transaction isolation level read committed',
    `set local statement_timeout = ${statement}`,
    `set local lock_timeout = ${lock}`,
    `set local idle_in_transaction_session_timeout = ${idle}`,
  ].join('; ');
}

/** What pg's `Connection` has beyond its published types. */
interface CancelConnection {
  readonly stream: Socket;
  on(event: 'connect' | 'sslconnect' | 'error', listener: () => void): void;
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Ends the statement that the connection runs, through a connection of its own, as the protocol requires: a server that waits
 * for a lock does not notice that the client has gone, and would execute the statement later. Resolves when the server has
 * been told, or cannot be told.
 *
 * @param timeout milliseconds after which this is given up
 */
export async function cancelStatement(
  location: PostgresLocation,
  tls: TlsSettings | undefined,
  { processID, secretKey }: Pick<PostgresConnection, 'processID' | 'secretKey'>,
  timeout: number,
  onConnection: (socket: Socket) => void,
): Promise<void> {
  const { host, port } = location;
  const ssl = tlsOptions(location, tls);
  // Loaded on demand, as knex does: gateways with another database start faster.
  const { Connection } = await import('pg');
  const connection = new Connection({ ssl }) as unknown as CancelConnection;
  const { stream } = connection;
  stream.setTimeout(timeout, () => stream.destroy());
  onConnection(stream);
  const send = () => connection.cancel(processID, secretKey);
  connection.on('connect', () => (ssl === false ? send() : connection.requestSsl()));
  connection.on('sslconnect', send);
  // When the server is out, so is its statement.
  connection.on('error', () => stream.destroy());
  const told = new Promise<void>((resolve) => void stream.once('close', () => resolve()));
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
  await told;
}

/** @returns false: without TLS */
function tlsOptions(location: PostgresLocation, tls: TlsSettings | undefined): ConnectionOptions | false {
  const { servername, ...certificates } = nodeTlsOptions(tls ?? {});
  // For an address pg sets no name, and Node would accept a certificate for "localhost".
  const name = servername ?? location.host;
  const sni = servername === undefined || isIP(servername) !== 0 ? {} : { servername };
  switch (sslModeOf(location, tls !== undefined)) {
    case 'disable':
      return false;
    case 'require':
      return { ...certificates, ...sni, rejectUnauthorized: false };
    case 'verify-ca':
      return { ...certificates, ...sni, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...certificates, ...sni, checkServerIdentity: (_host, found) => checkServerIdentity(name, found) };
  }
}

/** Text for numbers that a JavaScript number cannot hold. */
function wholeNumber(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}
