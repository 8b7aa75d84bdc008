import { badRequest } from '../domain/errors.ts';
import type { Scheme } from '../domain/identity.ts';
import type { Head } from '../http/head.ts';
import { schemeOf } from '../identify/credentials.ts';
import type { CredentialField } from '../identify/proven-credentials.ts';

/** The one credential of a request. */
export interface Presented {
  readonly field: CredentialField;
  readonly value: string | undefined;
}

const NOTHING: Presented = { field: 'authorization ', value: undefined };

/**
 * The credential of a request to a route that says itself what it takes. What the route does not take is as if it were
 * not there.
 *
 * @throws GatewayError 400 where there are several that it takes: another program could go by another one
 */
export function presentedTo(taken: readonly Scheme[], head: Head): Presented {
  const { authorization, apiKey } = head;
  const isTaken = authorization !== undefined && taken.includes(schemeOf(authorization));
  if (taken.includes('api-key') && apiKey !== undefined) {
    if (head.hasApiKeys) throw badRequest('More than one X-API-Key header');
    if (isTaken) throw badRequest('Authorization and X-API-Key exclude each other');
    return { field: 'x-api-key ', value: apiKey };
  }
  return isTaken ? { field: 'authorization ', value: authorization } : NOTHING;
}
