import { type ErrorCode, GatewayError } from '../../domain/errors.ts';
import { errorJson } from '../../http/error-answer.ts';

/** The body of an error that a proxy answers by itself, as Gatehouse writes it. */
export function bodyOf(code: ErrorCode): string {
  return errorJson(new GatewayError(code, ''));
}
