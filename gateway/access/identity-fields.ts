import { type Account, isSendableText } from '../domain/account.ts';
import type { Identity } from '../domain/identity.ts';
import type { IdentityField } from '../fields/identity.ts';
import type { RawFields } from '../fields/raw-fields.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { type OfIdentity, oncePerIdentity } from './once-per-identity.ts';
import { issuedScope } from './requirement.ts';
import type { Scopes } from './scopes.ts';

/** The fields that tell upstreams who sends a request: `X-User-Id`, and what `identity` of the configuration adds. */
export interface IdentityFields {
  /**
   * Names, in lower case, and values in turn. A field without a value is left out, and so is an email that is not ASCII or has a
   * control character: servers would read its bytes in different ways.
   */
  of(identity: Identity): RawFields;
  /** The same for other proxies: a field without a value is empty instead. @param identity null: nobody */
  complete(identity: Identity | null): RawFields;
}

export function compileIdentityFields(
  settings: Pick<Settings, 'identity' | 'scopes' | 'routes'>,
  scopes: Scopes,
): IdentityFields {
  const { identity } = settings;
  const named = namedGroups(settings);
  const written: readonly (readonly [name: IdentityField, read: OfIdentity<string>])[] = [
    ['X-User-Id', ({ id }) => id],
    ...(identity.scopes ? [['X-User-Scopes', scopesText(scopes)] as const] : []),
    ...(identity.groups ? [['X-User-Groups', groupsText(named)] as const] : []),
    ...(identity.email ? [['X-User-Email', sendableEmail] as const] : []),
  ];
  const fields = oncePerIdentity((account, issued) =>
    written.flatMap(([name, read]) => {
      const value = read(account, issued);
      return value === '' ? [] : [name.toLowerCase(), value];
    }),
  );
  const complete = oncePerIdentity((account, issued) =>
    written.flatMap(([name, read]) => [name, read(account, issued)]),
  );
  const empty = written.flatMap(([name]) => [name, '']);
  return {
    of: (sender) => fields(sender.account, issuedScope(sender)),
    complete: (sender) => (sender === null ? empty : complete(sender.account, issuedScope(sender))),
  };
}

function scopesText({ granted }: Scopes): OfIdentity<string> {
  return (account, issued) => [...granted(account, issued)].join(' ');
}

function groupsText(named: readonly string[]): OfIdentity<string> {
  return (account) => groupsOf(account, named).join(',');
}

function sendableEmail({ email }: Account): string {
  return isSendableText(email) ? email : '';
}

/** The groups of an account that the configuration names, in its order. */
export function groupsOf({ groups }: Account, named: readonly string[]): string[] {
  return named.filter((name) => groups.includes(name));
}

/** The groups that the configuration names, in its order: of scopes, then of routes. */
export function namedGroups({ scopes, routes }: Pick<Settings, 'scopes' | 'routes'>): string[] {
  const ofScopes = Object.values(scopes).flatMap(({ groups = [] }) => groups);
  const ofRoutes = routes.flatMap(({ requires }) => requires?.groups ?? []);
  return [...new Set([...ofScopes, ...ofRoutes])];
}
