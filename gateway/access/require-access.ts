import type { Identity } from '../domain/identity.ts';
import { compileAddresses } from '../http/address-set.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';
import { type AddressRules, requireRouteAddress, requireTokenAddress } from './addresses.ts';
import { compileRequirement, type Requirement, requireScopesAndGroups } from './requirement.ts';
import type { Scopes } from './scopes.ts';

/** What a route asks of those who pass, beyond an identity. */
export interface AccessRules extends AddressRules {
  /** Scopes and groups; null: none. */
  readonly requires: Requirement | null;
}

/** @param realm without quotes or backslashes */
export function compileAccess(
  { name, allowFrom, requires }: Pick<RouteSettings, 'name' | 'allowFrom' | 'requires'>,
  scopes: Scopes,
  realm: string,
): AccessRules {
  return {
    name,
    allowFrom: allowFrom === undefined ? null : compileAddresses(allowFrom),
    requires: requires === undefined ? null : compileRequirement(requires, scopes, realm),
  };
}

/**
 * Whether a route lets a request pass, by rules that need no store, in their order.
 *
 * @param identity confirmed; null on a route without authentication
 * @param client the address of the client
 * @throws GatewayError of the first rule that refuses: 403
 */
export function requireAccess(rules: AccessRules, identity: Identity | null, client: string): void {
  requireRouteAddress(rules, client);
  requireTokenAddress(identity, client);
  requireScopesAndGroups(rules.requires, identity);
}
