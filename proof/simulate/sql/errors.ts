/** An error as mysql2 reports it. */
export type ServerError = Error & { readonly code: string };

export function serverError(code: string, message: string): ServerError {
  return Object.assign(new Error(message), { code });
}

/** @param error of SQLite */
export function asMysql(error: unknown): ServerError {
  const { code, message } = error as ServerError;
  if (code.startsWith('SQLITE_CONSTRAINT')) return serverError('ER_DUP_ENTRY', message);
  return serverError(code, message);
}
