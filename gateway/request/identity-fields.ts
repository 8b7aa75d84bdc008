import type { RawFields } from '../fields/raw-fields.ts';
import type { ForwardDecision } from './admit.ts';

const NONE: RawFields = [];

/**
 * The fields that tell an upstream who sends a request, as names and values in turn: the only place that writes any of the
 * family `X-User-*`. Empty on a route without authentication.
 */
export function identityFields({ identity, assertion }: ForwardDecision): RawFields {
  if (identity === null) return NONE;
  const { id } = identity.account;
  return assertion === null ? ['x-user-id', id] : ['x-user-id', id, 'x-user-assertion', assertion];
}
