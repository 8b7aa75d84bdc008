import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { KeyRing } from './keys.ts';

const ISSUER = 'gatehouse';
/** Seconds that `iat` may lie in the future: after a failover of the database, another server's clock is used. */
const CLOCK_SKEW = 30;

/** Seconds since 1970. */
const SECONDS = z.int().nonnegative();
/** The claims of every JWT besides `iss` and `aud`; the schema of a codec adds others. */
export const COMMON_CLAIMS = { sub: z.string().min(1), iat: SECONDS, exp: SECONDS, bnd: z.string() };

interface CommonClaims {
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  /**
   * Binds the JWT to a state of its account, as a MAC (`bindingOf`). The codec only carries it: the issuer compares it with the
   * present state, so that a change of the account invalidates the JWT without a message. A token is bound to the stamp, a
   * mailed link also to email and confirmation.
   */
  readonly bnd: string;
}

export type Verified<Claims> =
  | { readonly kind: 'valid'; readonly claims: Claims; readonly key: KeyObject }
  | { readonly kind: 'expired' }
  /** Not issued by this gateway, or malformed; the reason is for the log. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** Signs and verifies JWTs (RFC 7519) of one audience. */
export interface JwtCodec<Claims> {
  sign(claims: Claims): string;
  /** Never throws. @param now milliseconds since 1970 */
  verify(token: string, now: number): Verified<Claims>;
}

/**
 * The only form of JWT that the gateway issues and accepts. The codec sets the algorithm, HS256, and selects the key among its
 * own, regardless of the token (algorithm confusion; RFC 8725 sections 3.1 to 3.12). A token has exactly the declared claims.
 *
 * The header must equal the one that the codec writes, byte by byte. This excludes all parameters that a verifier would have
 * to understand: `crit` (RFC 7515 section 4.1.11), `b64` (RFC 7797), `zip`, a key or its URL (`jwk`, `jku`, `x5c`, `x5u`), a
 * content type, and duplicates, which parsers read differently.
 *
 * @param audience a token for one audience is invalid for every other
 * @param schema the schema of all claims except `iss` and `aud`: a strict object with `COMMON_CLAIMS`
 */
export function jwtCodec<Claims extends CommonClaims>(
  { signing, byId }: KeyRing,
  audience: string,
  schema: z.ZodType<Claims>,
): JwtCodec<Claims> {
  const write = (claims: object, keyid: string, key: KeyObject) =>
    jwt.sign({ iss: ISSUER, aud: audience, ...claims }, key, { algorithm: 'HS256', keyid });
  const byHeader = new Map([...byId].map(([id, key]) => [headerOf(write({}, id, key)), key]));

  return {
    sign: (claims) => write(claims, signing.id, signing.key),
    verify(token, now) {
      const key = byHeader.get(headerOf(token));
      if (key === undefined) return invalid(FOREIGN);
      let payload: string | jwt.JwtPayload;
      try {
        const clockTimestamp = Math.floor(now / 1000);
        payload = jwt.verify(token, key, { algorithms: ['HS256'], issuer: ISSUER, audience, clockTimestamp });
      } catch (error) {
        if (error instanceof jwt.TokenExpiredError) return { kind: 'expired' };
        return invalid(error instanceof Error ? error.message : String(error));
      }
      if (!isCanonical(token.split('.')[1] ?? '')) return invalid(FOREIGN);
      if (typeof payload === 'string') return invalid(FOREIGN);
      const { iss: _, aud, ...others } = payload;
      const claims = schema.safeParse(others);
      // `aud` is compared again because jsonwebtoken also accepts an array of audiences.
      if (!claims.success || aud !== audience) return invalid('a claim is missing, unknown or of the wrong type');
      const { iat, exp } = claims.data;
      if (iat > now / 1000 + CLOCK_SKEW) return invalid('issued in the future');
      if (exp <= iat) return invalid('lifetime not allowed');
      return { kind: 'valid', claims: claims.data, key };
    },
  };
}

const FOREIGN = 'not in the form that the gateway issues, or signed with another key';

function invalid(reason: string) {
  return { kind: 'invalid', reason } as const;
}

function headerOf(token: string): string {
  const dot = token.indexOf('.');
  return dot === -1 ? '' : token.slice(0, dot);
}

/** Whether the segment is the canonical base64url, UTF-8 and JSON encoding of its value, without duplicate names. */
function isCanonical(segment: string): boolean {
  const text = Buffer.from(segment, 'base64url').toString();
  return Buffer.from(text).toString('base64url') === segment && JSON.stringify(JSON.parse(text)) === text;
}
