import { requireRouteAddress } from '../access/addresses.ts';
import { compileAccess, requireAccess } from '../access/require-access.ts';
import { compileScopes } from '../access/scopes.ts';
import { type Account, nameOf } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { parseTarget } from '../http/target.ts';
import { requireConfirmed } from '../identify/standing.ts';
import { type Plan, planFor } from '../routing/plan.ts';
import { compileRoutes, ownPaths } from '../routing/table.ts';
import type { SettingsWithoutSecrets } from '../settings/read/load.ts';
import { ANYBODY, CONFIRMED, OWNERS, upstreamUrls, whoPasses } from './route-text.ts';

/** A request that is explained, as far as it is known. */
export interface Question {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  /** The account that sends it; null: unknown, and only what concerns all accounts is judged. */
  readonly account: Account | null;
  /** The scope of the account's token; null: a password is used. */
  readonly scope: readonly string[] | null;
  /** The address of its client; null: unknown, and not judged. */
  readonly from: string | null;
}

/** A request that the gateway forwards or answers. */
export interface Pass {
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly who: string;
  /** The account that was asked about. */
  readonly as?: string;
  /** The possible upstream URLs; null: the gateway answers. */
  readonly upstreams: readonly string[] | null;
}

/** The answer to a request that the gateway refuses. */
export interface Refusal extends Pick<Pass, 'method' | 'path'> {
  readonly status: number;
  readonly error: string;
  readonly message: string;
  /** What the log says: the rule that refuses. */
  readonly detail: string;
}

/** Says what becomes of a request, by the table and the checks of admission, in the order of `request/admit.ts`. */
export function explainRequest(settings: SettingsWithoutSecrets, question: Question): Pass | Refusal {
  const { method, path, host, account, from } = question;
  try {
    const target = parseTarget(path, host);
    const scopes = compileScopes(settings.scopes);
    const routes = settings.routes.map((route) => ({
      ...route,
      access: compileAccess(route, scopes, settings.api.realm),
    }));
    const table = compileRoutes(routes, settings.api.prefix, ownPaths(settings));
    const plan = planFor(table.locate(target), target, method);
    const identity = account === null || !plan.needsIdentity ? null : identityOf(account, question.scope);
    if (identity !== null) requireConfirmed(identity);
    if (plan.kind === 'refuse') throw plan.error;
    const about = { method, path, ...(identity !== null && { as: nameOf(identity.account) }) };
    if (plan.kind !== 'forward') return { ...about, ...ownAnswer(plan.kind), upstreams: null };
    const { route, needsIdentity } = plan;
    const rules = from === null ? { ...route.access, allowFrom: null } : route.access;
    // An unknown account is taken for one that may do everything.
    if (needsIdentity && identity === null) requireRouteAddress(rules, from ?? '');
    else requireAccess(rules, identity, from ?? '');
    return { ...about, route: route.name, who: whoPasses(route), upstreams: upstreamUrls(settings, route, target) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { status, code, publicMessage, message } = error;
    return { method, path, status, error: code, message: publicMessage, detail: message };
  }
}

function ownAnswer(kind: Exclude<Plan<unknown>['kind'], 'forward' | 'refuse'>): Pick<Pass, 'route' | 'who'> {
  const own = (name: string, who: string) => ({ route: `(the gateway's own ${name})`, who });
  switch (kind) {
    case 'tokens':
      return own('token endpoint', CONFIRMED);
    case 'pages':
      return own('pages', OWNERS);
    case 'key-set':
      return own('keys', ANYBODY);
  }
}

/** @param scope of a token that stands for no token in particular; null: the password */
function identityOf(account: Account, scope: readonly string[] | null): Identity {
  if (scope === null) return { by: 'password', account };
  const claims = { jti: '', accountId: account.id, issuedAt: 0, expiresAt: 0, scope, addresses: null };
  const token = { ok: true, claims, isBoundTo: () => true, isAllowedFrom: () => true } as const;
  return { by: 'token', account, token, scheme: 'bearer' };
}
