import { OperatorError } from '../domain/errors.ts';

/** One line for an error that the operator can fix; the stack for a bug. */
export function textOfError(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
