import type { RawFields } from '../fields/raw-fields.ts';
import type { Admitted } from './admit.ts';

const NONE: RawFields = [];

/**
 * The fields that tell an upstream who sends a request, as names and values in turn: the only place that writes any of the
 * family `X-User-*`. Empty on a route without authentication.
 */
export function identityFields({ identity, assertion }: Admitted): RawFields {
  if (identity === null) return NONE;
  const { id } = identity.account;
  return assertion === null ? ['x-user-id', id] : ['x-user-id', id, 'x-user-assertion', assertion];
}

/**
 * The same for a proxy that copies them: each that is configured is there, if empty, since some proxies leave the client's
 * value where the answer has none (CVE-2026-30851).
 *
 * @param hasAssertions whether the configuration has assertions
 */
export function everyIdentityField({ identity, assertion }: Admitted, hasAssertions: boolean): string[] {
  const id = ['X-User-Id', identity?.account.id ?? ''];
  return hasAssertions ? [...id, 'X-User-Assertion', assertion ?? ''] : id;
}
