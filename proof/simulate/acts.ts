import type { EndingAct } from '../audit/events.ts';
import { CLIENT, identified } from './clients.ts';
import { hashOf, type Service } from './service.ts';

/** An account, as far as the clients know. */
export interface KnownAccount {
  readonly id: string;
  readonly email: string;
  readonly addedAt: number;
  /** As far as the clients know; acts of unknown outcome leave more. */
  passwords: string[];
  isConfirmed: boolean;
}

/** A token or a session. */
export interface KnownCredential {
  readonly name: string;
  /** What is sent. */
  readonly value: string;
  readonly account: KnownAccount;
  readonly isSession: boolean;
  /** When an act that ends it was acknowledged; null: none was. */
  endedAt: number | null;
}

/** Seconds: longer than a world lasts. */
const LIFETIME = 20_000;
/** Milliseconds. */
const SESSION_LIFETIME = 600_000;

/** Milliseconds since 1970: what a token says of itself. */
export function issuedAtOf({ value }: KnownCredential): number {
  const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as { readonly iat: number };
  return claims.iat * 1000;
}

export function basic({ email }: KnownAccount, password: string): string {
  return `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`;
}

/** Issues a token to whom the field identifies. */
export async function issue(service: Service, authorization: string): Promise<{ jti: string; token: string }> {
  const account = await identified(service, authorization);
  return await service.issue(account, { name: null, lifetime: LIFETIME, scope: null, addresses: null });
}

/** Starts a session of the pages, with this id. */
export async function logIn(service: Service, authorization: string, id: string): Promise<string> {
  const { id: accountId, logins, stamp } = await identified(service, authorization);
  const record = { accountId, logins, stamp, createdAt: service.revocations.clock.now() };
  await service.sessions.write(id, JSON.stringify(record), SESSION_LIFETIME);
  return id;
}

/** Revokes a token, by an operator or by itself. @returns null: it is unknown, or is not accepted any more */
export async function revoke(
  service: Service,
  { name, account, value }: KnownCredential,
  byItself: boolean,
): Promise<'revoked' | 'already' | null> {
  const { revoker } = service.revocations;
  if (!byItself) return unlessUnknown(await revoker.token(name, null, null));
  const outcome = await service.identify('authorization ', `Bearer ${value}`, CLIENT);
  if (outcome.kind !== 'found' || outcome.identity.by !== 'token') return null;
  const { accountId, issuedAt, expiresAt } = outcome.identity.token.claims;
  const claims = { accountId, issuedAt: issuedAt * 1000, expiresAt: expiresAt * 1000 };
  return unlessUnknown(await revoker.token(name, account.id, claims));
}

function unlessUnknown<T>(outcome: T | 'unknown'): T | null {
  return outcome === 'unknown' ? null : outcome;
}

/** @returns whether this had an effect */
export async function endAll(
  { revocations }: Service,
  id: string,
  act: EndingAct,
  bySessions: boolean,
): Promise<boolean> {
  const { revoker } = revocations;
  switch (act.kind) {
    case 'revoke':
      throw new Error('of no account');
    case 'revoke all':
      if (bySessions) await revocations.endAll(id);
      else await revoker.account(id);
      return true;
    case 'password':
      return await revoker.changeAndRevoke(id, (own) => own.setPassword(id, hashOf(act.password)));
    case 'confirm':
    case 'unconfirm':
      return await revoker.changeAndRevoke(id, (own) => own.setConfirmed(id, act.kind === 'confirm'));
    case 'remove':
      return await revoker.changeAndRevoke(id, (own) => own.remove(id));
  }
}
