import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { AddressSet } from '../http/address-set.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';

/** Where the clients of a route may be. */
export interface AddressRules extends Pick<RouteSettings, 'name'> {
  /** null: anywhere. */
  readonly allowFrom: AddressSet | null;
}

/**
 * @param client the address of the client, as far as trusted proxies say
 * @throws GatewayError 403, which does not say why; the log does
 */
export function requireRouteAddress({ name, allowFrom }: AddressRules, client: string): void {
  if (allowFrom === null || allowFrom.has(client)) return;
  throw notAllowed(`${client} is not in allowFrom of the route ${name}`);
}

/** The same for a token that is bound to addresses. */
export function requireTokenAddress(identity: Identity | null, client: string): void {
  if (identity?.by !== 'token' || identity.token.isAllowedFrom(client)) return;
  throw notAllowed(`${client} is not in the addresses of the token`);
}

function notAllowed(detail: string): GatewayError {
  return new GatewayError('forbidden', detail, { publicMessage: 'Not allowed' });
}
