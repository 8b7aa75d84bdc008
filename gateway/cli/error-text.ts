import { OperatorError } from '../domain/errors.ts';

/** One line for what an operator can mend; the stack for what only a programmer can. */
export function textOfError(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
