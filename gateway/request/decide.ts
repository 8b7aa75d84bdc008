import { requireConfirmed } from '../authorise/confirmed.ts';
import { unauthorized } from '../errors.ts';
import type { Identify } from '../identify/identify.ts';
import type { RouteSettings } from '../settings/schema.ts';
import type { Identity, Outcome, RequestRecord } from '../state.ts';
import type { Head } from './head.ts';
import { planFor } from './plan.ts';
import type { RouteTable } from './routes.ts';
import { parseTarget, type Target } from './target.ts';

/** What becomes of a request that may pass. */
export type Decision =
  | {
      readonly kind: 'forward';
      readonly target: Target;
      readonly route: RouteSettings;
      readonly identity: Identity | null;
    }
  | { readonly kind: 'tokens'; readonly target: Target; readonly identity: Identity }
  | { readonly kind: 'pages'; readonly target: Target };

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly head: Head;
  /** The address of whoever sends it, as far as trusted proxies say. */
  readonly client: string;
}

export type Decide = (request: Asked, record: RequestRecord) => Promise<Decision>;

/**
 * Decides over one request, HTTP or upgrade: normalise, match the route, identify, authorise.
 *
 * Whoever has proven nothing learns nothing of what routes and methods there are below the prefix.
 *
 * @throws GatewayError 400, 401, 403, 404, 405; 503 when a store that must be asked is out
 */
export function createDecide({
  table,
  identify,
  realm,
}: {
  table: RouteTable;
  identify: Identify;
  realm: string;
}): Decide {
  return async ({ method, url, head, client }, record) => {
    const target = parseTarget(url, head.host);
    const plan = planFor(table, target, method);
    if (plan.kind === 'forward') record.route = plan.route.name;
    if (plan.kind === 'tokens') record.route = 'tokens';

    let identity: Identity | null = null;
    if (plan.needsIdentity) {
      identity = identified(await identify(head.authorization, client), realm);
      record.accountId = identity.account.id;
      requireConfirmed(identity);
    }

    if (plan.kind === 'refuse') throw plan.error;
    if (plan.kind === 'forward') return { kind: 'forward', target, route: plan.route, identity };
    if (plan.kind === 'pages') return { kind: 'pages', target };
    if (identity === null) throw new TypeError('the token endpoints need an identity');
    return { kind: 'tokens', target, identity };
  };
}

function identified(outcome: Outcome, realm: string): Identity {
  if (outcome.kind === 'found') return outcome.identity;
  if (outcome.kind === 'absent') throw unauthorized('no credentials', realm, 'basic');
  throw unauthorized(outcome.reason, realm, outcome.scheme);
}
