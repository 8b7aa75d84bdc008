import { GatewayError, OperatorError } from '../../domain/errors.ts';

/** Error codes after which the server closes the connection: of MySQL, then of PostgreSQL (its appendix A). */
const ENDED_BY_SERVER = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '08P01', // protocol_violation: also what pgbouncer says when its server has gone
  '08006', // connection_failure
  '08003', // connection_does_not_exist
]);

/** Error codes of writers that got into each other's way; the server has rolled one of them back. */
const BUSY = new Set([
  'ER_LOCK_DEADLOCK',
  '40P01', // deadlock_detected
  '40001', // serialization_failure
  '55P03', // lock_not_available
]);

/** Whether a PostgreSQL server gave up waiting for a lock: its `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

/** Whether a PostgreSQL role lacks a right, or a schema to create tables in. */
export function isForbidden(error: unknown): error is Error {
  return ['42501', '3F000'].includes(codeOf(error));
}

/** Whether PostgreSQL refused a text with a character that it cannot store: NUL, or one that the encoding of the database lacks. */
export function isUnstorableText(error: unknown): boolean {
  // character_not_in_repertoire, untranslatable_character
  return ['22021', '22P05'].includes(codeOf(error));
}

/** What pg says without a code when the connection has ended, during a statement or before it was sent. */
const ENDED = /Connection terminated|is not queryable$/;
const UNSENT = /is not queryable$/;

/** Whether the connection broke during a statement, which the server may or may not have executed. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // mysql2 marks errors after which the connection is unusable.
  if ('fatal' in error && error.fatal === true) return true;
  // An error of Node: the socket broke.
  if ('syscall' in error || ENDED.test(error.message)) return true;
  return ENDED_BY_SERVER.has(codeOf(error));
}

/** Whether the connection had broken before the statement was sent. */
export function isUnsent(error: unknown): boolean {
  return error instanceof Error && UNSENT.test(error.message);
}

/**
 * Whether the server refused a write because it is a replica, or the old primary after a failover: nothing was executed, and
 * another connection may lead to the new primary.
 */
export function isReadOnlyServer(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return READ_ONLY.has(code) || READ_ONLY_BY_TEXT.get(code)?.test(error.message) === true;
}

const READ_ONLY_TRANSACTION = '25006';

const READ_ONLY: ReadonlySet<string> = new Set([
  'ER_READ_ONLY_MODE',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  READ_ONLY_TRANSACTION,
]);

/** Error codes that have other reasons too, with the text for this one. */
const READ_ONLY_BY_TEXT: ReadonlyMap<string, RegExp> = new Map([
  // By the options `read_only` and `super_read_only`.
  ['ER_OPTION_PREVENTS_STATEMENT', /--(super[-_])?read[-_]only/],
  // feature_not_supported: a standby cannot begin a transaction that writes.
  ['0A000', /during recovery/],
]);

/** The error for a server that is a standby, as if it had refused a write. */
export function readOnlyServer(): Error {
  return Object.assign(new Error('the server is a read-only standby: database.url must lead to the primary'), {
    code: READ_ONLY_TRANSACTION,
  });
}

/**
 * Whether another writer prevented the statement, and nothing was executed: SQLite has a single writer, and the servers roll
 * back one of two deadlocked transactions.
 */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_BUSY') || BUSY.has(code);
}

/** Error codes of a server that takes no more connections, from anybody or from this user. */
const CROWDED = new Set([
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  '53300', // too_many_connections
]);

/** Whether the server refused one more connection because there are too many: nothing was sent. */
export function isCrowded(error: unknown): boolean {
  return CROWDED.has(codeOf(error));
}

const UNIQUE_VIOLATION = new Set([
  'ER_DUP_ENTRY',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  '23505', // unique_violation
]);

/** Whether an error of `query`, in a transaction or outside, means that a row with this unique key exists already. */
export function isUniqueViolation(error: unknown): boolean {
  // In a transaction, the driver's error is not wrapped.
  const code = codeOf(error instanceof GatewayError ? error.cause : error);
  return UNIQUE_VIOLATION.has(code);
}

const TABLE_MISSING = new Set([
  'ER_NO_SUCH_TABLE',
  '42P01', // undefined_table
  '3F000', // invalid_schema_name
]);

/** Whether an error of `query` means that a table of the query does not exist. */
export function isTableMissing(error: unknown): boolean {
  const cause = error instanceof GatewayError ? error.cause : error;
  if (cause instanceof Error && /no such table/.test(cause.message)) return true;
  return TABLE_MISSING.has(codeOf(cause));
}

/**
 * Handles an error of `query` after which the operator must change something: the database rejected the statement itself, its
 * names, types or syntax, or this user lacks a right.
 *
 * @param message says where, and repeats what the database says
 * @returns a handler that throws OperatorError then, and the error itself otherwise
 */
export function rejectedBy(message: (reason: string) => string): (error: unknown) => never {
  return (error) => {
    const rejection = rejectionIn(error);
    if (rejection === null) throw error;
    throw new OperatorError(message(rejection));
  };
}

/** Handles an error of `query` for a list that is empty where the database rejected the statement itself. */
export function noneIfRejected(error: unknown): [] {
  if (rejectionIn(error) === null) throw error;
  return [];
}

/**
 * @param error of `query`
 * @returns what the database says where it rejected the statement itself, in one line without a full stop; null: it failed otherwise
 */
export function rejectionIn(error: unknown): string | null {
  const cause = error instanceof GatewayError ? error.cause : null;
  if (!(cause instanceof Error) || !isRejection(cause)) return null;
  return statedBy(cause).replaceAll(/\s+/g, ' ').replace(/\.$/, '');
}

/** What the database says in an error of its driver. knex writes the statement before it. */
export function statedBy({ message }: Error): string {
  return message.split(' - ').at(-1) ?? '';
}

function isRejection(error: Error): boolean {
  const code = codeOf(error);
  if (code === 'SQLITE_ERROR') return true;
  if (isConnectionLost(error) || isBusy(error)) return false;
  const state = 'sqlState' in error ? String(error.sqlState) : code;
  // Syntax and access, data, cardinality, features, schemas, foreign tables, and 55000 of a materialised view without data; MySQL
  // says HY000 of broken views.
  return /^(?:(?:42|22|21|0A|3F|HV|HY)[0-9A-Z]{3}|55000)$/.test(state);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
