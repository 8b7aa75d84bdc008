import { requireConfirmed } from '../authorise/confirmed.ts';
import { unauthorized } from '../errors.ts';
import type { Identify } from '../identify/identify.ts';
import type { RouteSettings } from '../settings/schema.ts';
import { type Soon, whenThere } from '../soon.ts';
import type { Identity, Outcome, RequestRecord, Scheme } from '../state.ts';
import { refuseCrossSite } from './cross-site.ts';
import type { Head } from './head.ts';
import { type Plan, planFor } from './plan.ts';
import { presentedTo } from './presented.ts';
import type { RouteTable } from './routes.ts';
import { parseTarget, type Target } from './target.ts';

export interface ForwardDecision {
  readonly kind: 'forward';
  readonly target: Target;
  readonly route: RouteSettings;
  readonly identity: Identity | null;
}

/** What becomes of a request that may pass. */
export type Decision =
  | ForwardDecision
  | { readonly kind: 'tokens'; readonly target: Target; readonly identity: Identity }
  | { readonly kind: 'pages'; readonly target: Target }
  /** `OPTIONS *`: about the server, and no resource of it (RFC 9110 section 9.3.7). */
  | { readonly kind: 'server' };

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly head: Head;
  /** The address of whoever sends it, as far as trusted proxies say. */
  readonly client: string;
  /** The address at the other end of the connection. */
  readonly peer: string | undefined;
  /** Whether it asks for a WebSocket. */
  readonly isHandshake: boolean;
}

export type Decide = (request: Asked, record: RequestRecord) => Soon<Decision>;

/**
 * Decides over one request, HTTP or upgrade: normalise, match the route, identify, authorise.
 *
 * Whoever has proven nothing learns nothing of what routes and methods there are below the prefix, but for what `createCors`
 * and a refusal of `refuseCrossSite` tell of those with `cors`.
 *
 * @throws GatewayError at once or later: 400, 401, 403, 404, 405; 503 when a store that must be asked is out
 */
export function createDecide({
  table,
  identify,
  realm,
  isTrusted,
}: {
  table: RouteTable;
  identify: Identify;
  realm: string;
  /** Whether a peer is believed about how the outside reaches the gateway. */
  isTrusted: (address: string | undefined) => boolean;
}): Decide {
  return (asked, record) => {
    const { method, url, head, client } = asked;
    // It tells nothing of routes and accounts, and so needs no credentials.
    if (url === '*' && method === 'OPTIONS') return SERVER;
    const target = parseTarget(url, head.host);
    const plan = planFor(table, target, method);
    if (plan.kind === 'forward') record.route = plan.route.name;
    if (plan.kind === 'tokens') record.route = 'tokens';

    if (!plan.needsIdentity) return decisionFor(plan, target, null);
    if (head.fetchSite !== undefined || head.origin !== undefined) {
      refuseCrossSite(asked, target, table, isTrusted);
    }
    const taken = plan.kind === 'forward' ? plan.route.credentials : undefined;
    return whenThere(ask(identify, taken, head, client), (outcome) => {
      const identity = identified(outcome, realm, taken);
      record.accountId = identity.account.id;
      if (identity.by === 'token') record.tokenId = identity.token.claims.jti;
      requireConfirmed(identity);
      return decisionFor(plan, target, identity);
    });
  };
}

const SERVER = { kind: 'server' } as const;

function decisionFor(plan: Plan, target: Target, identity: Identity | null): Decision {
  if (plan.kind === 'refuse') throw plan.error;
  if (plan.kind === 'forward') return { kind: 'forward', target, route: plan.route, identity };
  if (plan.kind === 'pages') return { kind: 'pages', target };
  if (identity === null) throw new TypeError('the token endpoints need an identity');
  return { kind: 'tokens', target, identity };
}

/** @param taken by the route, where it says so itself */
function ask(identify: Identify, taken: readonly Scheme[] | undefined, head: Head, client: string): Soon<Outcome> {
  if (taken === undefined) return identify('authorization ', head.authorization, client);
  const { field, value } = presentedTo(taken, head);
  return identify(field, value, client);
}

function identified(outcome: Outcome, realm: string, taken: readonly Scheme[] | undefined): Identity {
  if (outcome.kind === 'found') return outcome.identity;
  if (outcome.kind === 'absent') throw unauthorized('no credentials', realm, 'basic', taken);
  throw unauthorized(outcome.reason, realm, outcome.scheme, taken);
}
