import { GatewayError } from '../../domain/errors.ts';

/** The server ended the connection by a message of its own before it closed the socket. */
const ENDED_BY_SERVER = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
]);

/** Whether the connection broke under a statement. Whether the server still ran that statement is not known. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // mysql2 marks every error after which the connection is of no use.
  if ('fatal' in error && error.fatal === true) return true;
  return ENDED_BY_SERVER.has(codeOf(error));
}

/**
 * Whether others that were writing stood in the way, and nothing has been done: SQLite has one writer, and MySQL undoes one
 * of two transactions that wait for each other, a statement by itself being one too.
 */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_BUSY') || code === 'ER_LOCK_DEADLOCK';
}

/** Whether what `ask` threw, in a transaction or outside, means that a row with this unique key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  // In a transaction the driver's error comes as it is.
  const code = codeOf(error instanceof GatewayError ? error.cause : error);
  return code === 'ER_DUP_ENTRY' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

/** Whether what `ask` threw means that a table of the query does not exist. */
export function isTableMissing(error: unknown): boolean {
  const cause = error instanceof GatewayError ? error.cause : error;
  return codeOf(cause) === 'ER_NO_SUCH_TABLE' || (cause instanceof Error && /no such table/.test(cause.message));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
