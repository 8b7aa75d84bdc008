import type { z } from 'zod';
import { duration, oneOf, options, wholeNumber } from './formats.ts';

/** The names of limits: they appear in fields of answers, as Strings of Structured Fields (RFC 9651). */
export const LIMIT_NAME = /^[\x20-\x7e]{1,64}$/;

export function limitOptions() {
  return options({
    requests: wholeNumber(0, 1_000_000_000, 'a number of requests').describe(
      'How many requests may be sent at once. 0: none, 403.',
    ),
    per: duration('1s', '31d')
      .superRefine((milliseconds, context) => {
        if (milliseconds % 1_000 === 0) return;
        context.addIssue({ code: 'custom', message: 'is not whole seconds; must be such as 1s, 5m or 1d' });
      })
      .describe('The time in which so many are allowed again, evenly: with 60 per 1m, one each second.'),
    by: oneOf('account', 'token', 'address').describe(
      'Whose requests count together: those of an account, of a token (with a password: of the account), or of an address (IPv6: its /64).',
    ),
  });
}

export type LimitSettings = z.output<ReturnType<typeof limitOptions>>;
