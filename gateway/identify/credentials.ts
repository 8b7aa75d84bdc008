import { isTokenUser, type Scheme } from '../domain/identity.ts';

/** A parsed credential, before it is verified. */
export type Credentials =
  | { readonly kind: 'password'; readonly email: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string; readonly scheme: Scheme }
  | { readonly kind: 'malformed'; readonly scheme: Scheme };

const MALFORMED_BASIC = { kind: 'malformed', scheme: 'basic' } as const;

/**
 * Parses an `Authorization` field. `Basic` with a password names an account; with an empty password, the user name is a
 * token; with a user name that `isTokenUser`, the password is a token. `Bearer` is a token. A value that does not match the
 * grammar of its RFC exactly is malformed, never repaired.
 *
 * Sources: RFC 9110 section 11.4 (scheme in any case), RFC 7617 (Basic: UTF-8, no control characters, the password may
 * contain colons), RFC 6750 section 2.1 (Bearer).
 */
export function parseCredentials(authorization: string): Credentials {
  const space = authorization.indexOf(' ');
  const scheme = (space === -1 ? authorization : authorization.slice(0, space)).toLowerCase();
  const value = space === -1 ? '' : authorization.slice(space).replace(/^ +/, '');
  if (scheme === 'bearer') {
    return TOKEN68.test(value)
      ? { kind: 'token', token: value, scheme: 'bearer' }
      : { kind: 'malformed', scheme: 'bearer' };
  }
  return scheme === 'basic' ? parseBasic(value) : MALFORMED_BASIC;
}

function parseBasic(value: string): Credentials {
  const bytes = Buffer.from(value, 'base64');
  // Node's decoder skips invalid characters, so the text is compared with the canonical encoding of the bytes.
  if (bytes.length === 0 || bytes.toString('base64') !== value) return MALFORMED_BASIC;
  const text = decodeUtf8(bytes);
  if (text === null || CONTROL.test(text)) return MALFORMED_BASIC;
  const colon = text.indexOf(':');
  if (colon <= 0) return MALFORMED_BASIC;
  const user = text.slice(0, colon);
  const password = text.slice(colon + 1);
  if (password === '') return { kind: 'token', token: user, scheme: 'basic' };
  return isTokenUser(user)
    ? { kind: 'token', token: password, scheme: 'basic' }
    : { kind: 'password', email: user, password };
}

/** Parses an `X-API-Key` field: always a token. */
export function parseApiKey(value: string): Credentials {
  return TOKEN68.test(value)
    ? { kind: 'token', token: value, scheme: 'api-key' }
    : { kind: 'malformed', scheme: 'api-key' };
}

/** The scheme with which an `Authorization` field is parsed: everything except Bearer counts as Basic. */
export function schemeOf(authorization: string): Scheme {
  return /^bearer(?: |$)/i.test(authorization) ? 'bearer' : 'basic';
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 section 2 forbids just these.
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
