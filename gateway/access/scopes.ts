import type { Account } from '../domain/account.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { type OfIdentity, oncePerIdentity } from './once-per-identity.ts';

export interface Scope {
  readonly name: string;
  /** What it allows, for the owner of an account. */
  readonly text: string;
  /** Only members of one of these groups may have it; undefined: everybody may. */
  readonly groups?: readonly string[];
}

/** The scopes of the configuration, in its order. */
export interface Scopes {
  readonly all: readonly Scope[];
  /** The scopes that an account may have now. */
  allowed(account: Account): readonly Scope[];
  /**
   * The names of the scopes that credentials have now: of those that a token was issued with, the ones that its account may
   * have; for a password, and a token issued without a scope, all that the account may have.
   */
  readonly granted: OfIdentity<ReadonlySet<string>>;
}

export function compileScopes(settings: Settings['scopes']): Scopes {
  const all = Object.entries(settings).map(([name, scope]): Scope => ({ name, ...scope }));
  const allowed = ({ groups: own }: Account) =>
    all.filter(({ groups }) => groups === undefined || groups.some((group) => own.includes(group)));
  return {
    all,
    allowed,
    granted: oncePerIdentity((account, issued) => {
      const names = allowed(account).map(({ name }) => name);
      return new Set(issued === null ? names : names.filter((name) => issued.includes(name)));
    }),
  };
}
