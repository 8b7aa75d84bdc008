import type { Identity } from '../domain/identity.ts';
import type { Settings } from '../settings/schema/settings.ts';
import type { AccessClaims } from '../signing/assertion.ts';
import { groupsOf, namedGroups } from './identity-fields.ts';
import { oncePerIdentity } from './once-per-identity.ts';
import { issuedScope } from './requirement.ts';
import type { Scopes } from './scopes.ts';

const NOTHING: AccessClaims = { key: '', claims: {} };

/** What `assertion.claims` says of the groups (RFC 9068 section 2.2.3.1) and scopes (RFC 8693 section 4.2) of an identity. */
export function compileAccessClaims(
  settings: Pick<Settings, 'assertion' | 'scopes' | 'routes'>,
  scopes: Scopes,
): (identity: Identity) => AccessClaims {
  const claims = settings.assertion?.claims ?? [];
  const [hasGroups, hasScope] = [claims.includes('groups'), claims.includes('scope')];
  if (!hasGroups && !hasScope) return () => NOTHING;
  const named = namedGroups(settings);
  const said = oncePerIdentity((account, issued): AccessClaims => {
    const groups = hasGroups ? groupsOf(account, named) : [];
    const scope = hasScope ? [...scopes.granted(account, issued)] : [];
    return {
      // Names have neither commas nor spaces.
      key: `${groups.join(',')} ${scope.join(',')} `,
      claims: { ...(hasGroups && { groups }), ...(hasScope && { scope: scope.join(' ') }) },
    };
  });
  return (identity) => said(identity.account, issuedScope(identity));
}
