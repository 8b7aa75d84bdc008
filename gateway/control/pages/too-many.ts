import { GatewayError } from '../../domain/errors.ts';
import type { PageContext } from './page-state.ts';

/**
 * What to say beside the field where somebody has tried too often; the answer says when there is a next try.
 *
 * @throws the error, where it is another one
 */
export function tooMany(ctx: PageContext, error: unknown): string {
  if (!(error instanceof GatewayError) || error.code !== 'too_many_requests') throw error;
  ctx.state.asked.onFailure(error);
  ctx.set(error.headers as Record<string, string>);
  return `Too many tries. Try again in ${minutes(error)}.`;
}

function minutes({ headers }: GatewayError): string {
  const left = Math.ceil(Number(headers['Retry-After'] ?? 60) / 60);
  return left === 1 ? 'a minute' : `${left} minutes`;
}
