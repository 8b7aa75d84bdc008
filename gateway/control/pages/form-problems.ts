import { GatewayError } from '../../domain/errors.ts';
import type { Invalid } from '../../owners/input.ts';
import { type PageContext, reportFailure } from './page-state.ts';

/** @returns the first problem of each field, as a page shows it beside the field */
export function byField({ problems }: Invalid): Record<string, string> {
  const first: Record<string, string> = {};
  for (const { field, text } of problems) first[field] ??= text;
  return first;
}

/**
 * Reports an error 429.
 *
 * @returns the text to show beside the field
 * @throws any other error unchanged
 */
export function tooMany(ctx: PageContext, error: unknown): string {
  if (!(error instanceof GatewayError) || error.code !== 'too_many_requests') throw error;
  reportFailure(ctx, error);
  return `Too many tries. Try again in ${minutes(error)}.`;
}

function minutes({ headers }: GatewayError): string {
  const left = Math.ceil(Number(headers['Retry-After'] ?? 60) / 60);
  return left === 1 ? 'a minute' : `${left} minutes`;
}
