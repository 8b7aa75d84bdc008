import { z } from 'zod';
import { assertionKey } from './assertion-key.ts';
import { duration, flag, listOf, matching, oneOf, options, textThat } from './formats.ts';

/** Where the public keys are published: a well-known URI (RFC 8615). */
export const KEY_SET_PATH = '/.well-known/jwks.json';

function isIssuer(text: string): boolean {
  return /^https?:\/\/[^\s?#]+$/.test(text) && URL.canParse(text);
}

/** The signed proof of the identity for upstreams. */
export function assertionOptions() {
  return options({
    keys: listOf(assertionKey(), 'must be a list of P-256 private keys')
      .prefault([])
      .describe(
        'P-256 private keys, PEM or JWK; the first signs, all are published. Empty: generated, with SQLite only.',
      ),
    issuer: textThat(isIssuer, 'must be a URL such as https://api.example.com, without "?" and "#"').describe(
      'The claim iss, by which services recognise this gateway; used as written.',
    ),
    lifetime: duration('10s', '5m')
      .prefault('60s')
      .describe('How long an assertion is valid; the gateway uses it for half of that time.'),
    claims: listOf(oneOf('email', 'groups', 'scope'), 'must be a list of claims, such as [email, groups]')
      .prefault([])
      .describe('What an assertion says of the account besides its id: email, groups that this file names, and scope.'),
  });
}

export type AssertionSettings = z.output<ReturnType<typeof assertionOptions>>;

/** The `assertion` of a route: its audience, or whether there is one. */
export function routeAssertion() {
  const error = 'must be the audience, visible ASCII without spaces such as orders, or true, or false';
  return z.union([flag(), matching(/^[!-~]{1,255}$/, error)], { error });
}
