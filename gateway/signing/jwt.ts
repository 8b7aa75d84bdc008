import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { KeyRing } from './keys.ts';

const ISSUER = 'gatehouse';
/** How far in the future `iat` may lie, in seconds: after a failover of the database, another server's clock counts. */
const CLOCK_SKEW = 30;

/** Seconds since 1970. */
const SECONDS = z.int().nonnegative();
/** The claims of every JWT, beside `iss` and `aud`; a codec's schema adds its own. */
export const COMMON_CLAIMS = { sub: z.string().min(1), iat: SECONDS, exp: SECONDS, bnd: z.string() };

interface CommonClaims {
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly bnd: string;
}

export type Opened<Claims> =
  | { readonly kind: 'valid'; readonly claims: Claims; readonly key: KeyObject }
  | { readonly kind: 'expired' }
  /** Not issued here, or malformed; the reason is for the log. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** Signs and verifies JWTs (RFC 7519) of one audience. */
export interface JwtCodec<Claims> {
  sign(claims: Claims): string;
  /** Never throws. @param now milliseconds since 1970 */
  open(token: string, now: number): Opened<Claims>;
}

/**
 * The only form of JWT that the gateway issues and accepts. The codec chooses HS256, never the token, and it chooses the key
 * among its own (RFC 8725 sections 3.1 to 3.12). A token has exactly the declared claims.
 *
 * The header must equal the one that the codec writes, octet by octet. So no parameter can occur that a verifier would have
 * to understand: `crit` (RFC 7515 section 4.1.11), `b64` (RFC 7797), `zip`, a key or its address (`jwk`, `jku`, `x5c`,
 * `x5u`), a content type, or a duplicate, which two parsers read differently.
 *
 * @param audience a token for one audience is invalid for every other
 * @param schema of all claims but `iss` and `aud`: a strict object with `COMMON_CLAIMS`
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
    open(token, now) {
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
      // jsonwebtoken takes an array of audiences too.
      if (typeof payload === 'string') return invalid(FOREIGN);
      const { iss: _, aud, ...others } = payload;
      const claims = schema.safeParse(others);
      if (!claims.success || aud !== audience) return invalid('a claim is missing, unknown or of the wrong type');
      const { iat, exp } = claims.data;
      if (iat > now / 1000 + CLOCK_SKEW) return invalid('issued in the future');
      if (exp <= iat) return invalid('lifetime not allowed');
      return { kind: 'valid', claims: claims.data, key };
    },
  };
}

const FOREIGN = 'not in the form of the gateway, or signed with another key';

function invalid(reason: string) {
  return { kind: 'invalid', reason } as const;
}

function headerOf(token: string): string {
  const dot = token.indexOf('.');
  return dot === -1 ? '' : token.slice(0, dot);
}

/** Whether the segment is the one base64url, UTF-8 and JSON encoding of its value, without a duplicate name. */
function isCanonical(segment: string): boolean {
  const text = Buffer.from(segment, 'base64url').toString();
  return Buffer.from(text).toString('base64url') === segment && JSON.stringify(JSON.parse(text)) === text;
}
