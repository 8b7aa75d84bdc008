import type { Account } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { RequiresSettings } from '../settings/schema/settings.ts';
import type { Scopes } from './scopes.ts';

/** What a route requires of an identity. */
export interface Requirement {
  /**
   * The 403 for an identity that does not have every scope, or is in none of the groups; null: it may pass. Its message
   * names the scopes, which a client can ask for, but no group.
   *
   * @param account as it is now
   */
  refusalOf(identity: Identity, account: Account): GatewayError | null;
}

/** @param realm without quotes or backslashes */
export function compileRequirement(
  { scopes: required = [], groups }: RequiresSettings,
  scopes: Scopes,
  realm: string,
): Requirement {
  return {
    refusalOf(identity, account) {
      const issued = issuedScope(identity);
      const granted = scopes.granted(account, issued);
      if (!required.every((name) => granted.has(name))) {
        const ofAccount = scopes.granted(account, null);
        const missing = required.filter((name) => !granted.has(name));
        return insufficientScope(
          missing,
          required,
          realm,
          missing.every((name) => ofAccount.has(name)) ? 'token' : 'account',
        );
      }
      if (groups === undefined || groups.some((group) => account.groups.includes(group))) return null;
      const detail = `the account is in none of the groups ${groups.join(', ')}`;
      return new GatewayError('forbidden', detail, { publicMessage: 'Not allowed' });
    },
  };
}

/** The scope that a token was issued with; null: it has none, or the identity was proven by a password. */
export function issuedScope(identity: Identity): readonly string[] | null {
  return identity.by === 'token' ? identity.token.claims.scope : null;
}

/**
 * @param identity null on a route without authentication, which requires nothing
 * @throws GatewayError 403 when the identity lacks what the route requires
 */
export function requireScopesAndGroups(requirement: Requirement | null, identity: Identity | null): void {
  if (requirement === null || identity === null) return;
  const refusal = requirement.refusalOf(identity, identity.account);
  if (refusal !== null) throw refusal;
}

/** The challenge of RFC 6750 section 3.1, which names all scopes that the route requires. */
function insufficientScope(
  missing: readonly string[],
  required: readonly string[],
  realm: string,
  lacking: 'token' | 'account',
): GatewayError {
  const named = `${missing.length === 1 ? 'scope' : 'scopes'} ${missing.join(', ')}`;
  return new GatewayError('insufficient_scope', `the ${lacking} lacks the ${named}`, {
    publicMessage: `This needs the ${named}`,
    headers: {
      'WWW-Authenticate': `Bearer realm="${realm}", error="insufficient_scope", scope="${required.join(' ')}"`,
    },
  });
}
