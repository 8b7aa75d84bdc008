import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';

/** @throws GatewayError 403, which is told only to those who have proven the account theirs */
export function requireConfirmed(identity: Identity): void {
  if (!identity.account.confirmed) throw new GatewayError('forbidden', 'unconfirmed account');
}
