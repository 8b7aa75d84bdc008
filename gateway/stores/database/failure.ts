import { GatewayError } from '../../domain/errors.ts';

/** Error codes after which the server closes the connection. */
const ENDED_BY_SERVER = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
]);

/** Whether the connection broke during a statement, which the server may or may not have executed. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // mysql2 marks errors after which the connection is unusable.
  if ('fatal' in error && error.fatal === true) return true;
  return ENDED_BY_SERVER.has(codeOf(error));
}

/**
 * Whether another writer prevented the statement, and nothing was executed: SQLite has a single writer, and MySQL rolls back
 * one of two deadlocked transactions.
 */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_BUSY') || code === 'ER_LOCK_DEADLOCK';
}

/** Whether an error of `query`, in a transaction or outside, means that a row with this unique key exists already. */
export function isUniqueViolation(error: unknown): boolean {
  // In a transaction, the driver's error is not wrapped.
  const code = codeOf(error instanceof GatewayError ? error.cause : error);
  return code === 'ER_DUP_ENTRY' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

/** Whether an error of `query` means that a table of the query does not exist. */
export function isTableMissing(error: unknown): boolean {
  const cause = error instanceof GatewayError ? error.cause : error;
  return codeOf(cause) === 'ER_NO_SUCH_TABLE' || (cause instanceof Error && /no such table/.test(cause.message));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
