/** The fields that tell who sends a request, which the gateway alone writes: of the account, and its signed proof. */
export const IDENTITY_FIELDS = [
  'X-User-Id',
  'X-User-Scopes',
  'X-User-Groups',
  'X-User-Email',
  'X-User-Assertion',
] as const;

export type IdentityField = (typeof IDENTITY_FIELDS)[number];

/** The same names in lower case. */
export const IDENTITY_FIELDS_IN_LOWER_CASE: readonly string[] = IDENTITY_FIELDS.map((name) => name.toLowerCase());
