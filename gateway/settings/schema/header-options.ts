import { z } from 'zod';
import { isFixedInAnswers } from '../../fields/answer.ts';
import { foldedName } from '../../fields/name.ts';
import { setsOwnCookie } from '../../fields/own-cookies.ts';
import { isFixedInRequests } from '../../fields/request.ts';
import { confidential, duration, flag, listOf, options } from './formats.ts';

export const FIELD_NAME = /^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/;

/** Printable ASCII without leading or trailing space, which all implementations parse alike (RFC 9110 section 5.5). */
const FIELD_VALUE = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/;

const IS_FIXED =
  'frames the message, concerns one connection or is written only by the gateway; must be another field, or be left out';

function nameProblem(name: string, isFixed: (name: string) => boolean): string | null {
  if (!FIELD_NAME.test(name)) return 'is not a valid header field name; must be one such as X-Frame-Options';
  return isFixed(name) ? IS_FIXED : null;
}

function fieldValue() {
  const error = 'must be one line of printable ASCII without leading or trailing space';
  // YAML gives numbers and booleans for 1 and true.
  return z.preprocess(
    (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value),
    confidential((text) => (FIELD_VALUE.test(text) ? null : `is not a valid header field value; ${error}`), error),
  );
}

function isOwnCookie(name: string, value: string): boolean {
  return name === 'set-cookie' && setsOwnCookie(value);
}

/** @param isFixedValue whether a field that may be set must not be set to this value; `name` is folded */
function changes(isFixed: (name: string) => boolean, isFixedValue: (name: string, value: string) => boolean) {
  const set = z
    .record(z.string(), fieldValue(), { error: 'must be a map from header fields to their values' })
    .superRefine((fields, context) => {
      const seen = new Set<string>();
      for (const [name, value] of Object.entries(fields)) {
        // An upstream may read X-A and X_A as one field.
        const folded = foldedName(name);
        const isTwice = seen.has(folded);
        seen.add(folded);
        const isOwn = typeof value === 'string' && isFixedValue(folded, value);
        const problem = isOwn ? IS_FIXED : nameProblem(name, isFixed);
        const message = isTwice ? 'is set twice, in two spellings; must be set once' : problem;
        if (message !== null) context.addIssue({ code: 'custom', path: [name], message });
      }
    });
  const name = z
    .string({ error: 'must be the name of a header field, such as X-Powered-By' })
    .superRefine((text, context) => {
      const message = nameProblem(text, isFixed);
      if (message !== null) context.addIssue({ code: 'custom', message });
    });
  return options({
    set: set.prefault({}).describe('Fields and their values. They replace fields of the same name.'),
    remove: listOf(name, 'must be a list of header fields, such as [X-Powered-By]')
      .prefault([])
      .describe('Fields that are removed.'),
  }).prefault({});
}

/** Changes of a route to the fields that it forwards. */
export const headers = options({
  request: changes(isFixedInRequests, () => false).describe(
    'In requests to the upstream. A name also matches its other spellings, such as X_A for X-A.',
  ),
  response: changes(isFixedInAnswers, isOwnCookie).describe(
    "In the upstream's responses, but not in those of the gateway itself.",
  ),
});

/** HTTP Strict Transport Security. */
export const hsts = z
  .preprocess(
    (value) => (typeof value === 'string' ? { maxAge: value } : value),
    options({
      maxAge: z
        .union([z.literal('0s').transform(() => 0), duration('1s', '3650d')], {
          error: 'must be a duration from 1s to 3650d, such as 365d, or 0s to end it',
        })
        .describe('How long browsers use only https; 0s revokes it.'),
      includeSubDomains: flag().prefault(false).describe('Whether it applies to all subdomains too.'),
      preload: flag()
        .prefault(false)
        .describe('Whether browsers may preload it; needs includeSubDomains and a maxAge of 365d.'),
    }),
  )
  .meta({ shorthand: true });
