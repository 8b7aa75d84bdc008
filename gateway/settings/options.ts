import { z } from 'zod';

/** A map of options. Its error names the keys; `check.ts` turns an unknown key into a suggestion. */
export function options<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: `must be a map with the keys ${Object.keys(shape).join(', ')}` });
}

export function matching(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

export function oneOf<const Choice extends string>(...choices: Choice[]) {
  return z.enum(choices, { error: `must be one of ${choices.join(', ')}` });
}

/** Segments of RFC 3986 `pchar`, without percent-encoding, dot segments, `;`, behind which some servers cut, and `*`. */
export const SEGMENTS = String.raw`(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()+,=:@-]+)+`;
export const PLAIN_PATH =
  'begins with /, does not end with /, and has no //, no . or .. segment, no %, ?, #, backslash or *';
