import { badRequest } from '../domain/errors.ts';
import type { Scheme } from '../domain/identity.ts';
import type { Head } from '../http/head.ts';
import { schemeOf } from '../identify/credentials.ts';
import type { CredentialField } from '../identify/proven-credentials.ts';

/** The credential of a request, and the field that carries it. */
export interface RequestCredential {
  readonly field: CredentialField;
  readonly value: string | undefined;
}

const NONE: RequestCredential = { field: 'authorization ', value: undefined };

/**
 * Finds the credential of a request to a route with `credentials`. Schemes that the route does not take are ignored.
 *
 * @param taken the schemes that the route takes
 * @throws GatewayError 400 if there are several that the route takes: another program could pick another one
 */
export function credentialOfRequest(taken: readonly Scheme[], head: Head): RequestCredential {
  const { authorization, apiKey } = head;
  const isTaken = authorization !== undefined && taken.includes(schemeOf(authorization));
  if (taken.includes('api-key') && apiKey !== undefined) {
    if (head.hasApiKeys) throw badRequest('More than one X-API-Key header');
    if (isTaken) throw badRequest('Authorization and X-API-Key exclude each other');
    return { field: 'x-api-key ', value: apiKey };
  }
  return isTaken ? { field: 'authorization ', value: authorization } : NONE;
}
