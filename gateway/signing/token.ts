import { z } from 'zod';
import { type Account, partForTokens } from '../domain/account.ts';
import type { TokenRestrictions, Verification } from '../domain/identity.ts';
import { compileAddresses } from '../http/address-set.ts';
import { isNetwork } from '../settings/schema/addresses.ts';
import { COMMON_CLAIMS, jwtCodec } from './jwt.ts';
import { keyRing } from './keys.ts';
import { bindingOf, isEqual } from './mac.ts';

export interface TokenSettings {
  /** 32 bytes or more each. The first signs, all verify. */
  readonly secrets: readonly string[];
  /** Milliseconds; a token with a longer lifetime is refused. */
  readonly maxLifetime: number;
}

/** `issuedAt` is in seconds since 1970, `lifetime` in seconds; both are whole. */
export interface UnsignedToken extends TokenRestrictions {
  readonly jti: string;
  readonly issuedAt: number;
  readonly lifetime: number;
}

export interface TokenSigner {
  /** The id of the key that signs. */
  readonly keyId: string;
  /** The ids of the keys that verify. */
  readonly keyIds: readonly string[];
  sign(account: Account, token: UnsignedToken): string;
  /** Never throws. Refuses every invalid token, with a reason for the log. */
  verify(token: string): Verification;
}

/** Each kind of JWT has its own audience, so that a mailed link is not valid as a token. */
const AUDIENCE = 'gatehouse:api';

/**
 * Issues and verifies tokens: JWTs with `kid` and the claims `iss`, `aud`, `sub`, `jti`, `iat`, `exp` and `bnd`. `bnd` binds
 * the token to the account's stamp, so that a new password invalidates it on every node without a message. A restricted token
 * also has `scope` (RFC 8693 section 4.2) or `adr`, a list of networks.
 *
 * @param now the time that all nodes share, in ms since 1970
 */
export function tokenSigner({ secrets, maxLifetime }: TokenSettings, now: () => number = Date.now): TokenSigner {
  const keys = keyRing(secrets);
  const claims = z.strictObject({
    ...COMMON_CLAIMS,
    jti: z.string().min(1),
    scope: z.string().min(1).exactOptional(),
    adr: z.array(z.string().refine(isNetwork)).min(1).exactOptional(),
  });
  const codec = jwtCodec(keys, AUDIENCE, claims);
  const longest = maxLifetime / 1000;

  return {
    keyId: keys.signing.id,
    keyIds: [...keys.byId.keys()],

    sign({ id, stamp }, { jti, issuedAt, lifetime, scope, addresses }) {
      const restrictions = {
        ...(scope !== null && { scope: scope.join(' ') }),
        ...(addresses !== null && { adr: [...addresses] }),
      };
      const bnd = bindingOf(keys.signing.key, boundValues(id, stamp));
      return codec.sign({ sub: id, jti, iat: issuedAt, exp: issuedAt + lifetime, bnd, ...restrictions });
    },

    verify(token) {
      const verified = codec.verify(token, now());
      if (verified.kind === 'expired') return { ok: false, reason: 'token expired' };
      if (verified.kind === 'invalid') return invalid(verified.reason);
      const { sub, jti, iat, exp, bnd, scope, adr } = verified.claims;
      if (exp - iat > longest) return invalid('lifetime not allowed');
      const isBoundTo = boundBy(bnd, (stamp) => bindingOf(verified.key, boundValues(sub, stamp)));
      const restrictions = { scope: scope?.split(' ') ?? null, addresses: adr ?? null };
      const isAllowedFrom = adr === undefined ? anywhere : compileAddresses(adr).has;
      return {
        ok: true,
        isBoundTo,
        isAllowedFrom,
        claims: { jti, accountId: sub, issuedAt: iat, expiresAt: exp, ...restrictions },
      };
    },
  };
}

/** @param expected returns the binding of a token that was issued under a given stamp */
function boundBy(binding: string, expected: (stamp: string) => string): (account: Account) => boolean {
  let proven: string | null = null;
  return ({ stamp }) => {
    if (stamp === proven) return true;
    if (!isEqual(binding, expected(stamp))) return false;
    proven = stamp;
    return true;
  };
}

function anywhere(): boolean {
  return true;
}

function boundValues(accountId: string, stamp: string): string[] {
  return ['binding', accountId, partForTokens(stamp)];
}

function invalid(reason: string): Verification {
  return { ok: false, reason: `invalid token: ${reason}` };
}
