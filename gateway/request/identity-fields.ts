import type { RawFields } from '../fields/raw-fields.ts';
import type { Admitted } from './admission.ts';

const NONE: RawFields = [];

/**
 * The fields that tell an upstream who sends a request, as names and values in turn: the only place that writes any of the
 * family `X-User-*`. Empty on a route without authentication.
 */
export function identityFields({ route, identity, assertion }: Admitted): RawFields {
  if (identity === null) return NONE;
  const fields = route.identityFields.of(identity);
  return assertion === null ? fields : [...fields, 'x-user-assertion', assertion];
}

/**
 * The same for a proxy that copies them: each that is configured is there, if empty, since some proxies leave the client's
 * value where the answer has none (CVE-2026-30851).
 *
 * @param hasAssertions whether the configuration has assertions
 */
export function everyIdentityField({ route, identity, assertion }: Admitted, hasAssertions: boolean): RawFields {
  const fields = route.identityFields.complete(identity);
  return hasAssertions ? [...fields, 'X-User-Assertion', assertion ?? ''] : fields;
}
