import type { GatewayError } from '../domain/errors.ts';
import type { Identity, Outcome, Scheme } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { unauthorized } from '../domain/unauthorized.ts';
import { asGatewayError } from '../http/error-answer.ts';
import type { Head } from '../http/head.ts';
import { parseTarget, pathAsSent, type Target } from '../http/target.ts';
import type { Identify } from '../identify/identify.ts';
import { requireConfirmed } from '../identify/standing.ts';
import { type CorsRoute, corsRouteFor } from '../routing/cors.ts';
import { type Plan, planFor, routesAt } from '../routing/plan.ts';
import type { Route } from '../routing/route.ts';
import type { Located, RouteTable } from '../routing/table.ts';
import type { Asked } from './asked.ts';
import { refuseCrossSite } from './cross-site.ts';
import { presentedTo } from './presented.ts';

/** A request that is to be forwarded. */
export interface ForwardDecision {
  readonly kind: 'forward';
  readonly target: Target;
  readonly route: Route;
  readonly identity: Identity | null;
}

/** What becomes of a request that may pass. */
export type Decision =
  | ForwardDecision
  | { readonly kind: 'tokens'; readonly target: Target; readonly identity: Identity }
  | { readonly kind: 'pages'; readonly target: Target }
  /** `OPTIONS *`: about the server, and no resource of it (RFC 9110 section 9.3.7). */
  | { readonly kind: 'server' };

/** Where a request leads, before anybody asks who sends it. */
type Approach =
  | { readonly kind: 'server' }
  | { readonly kind: 'located'; readonly target: Target; readonly located: Located<Route> }
  /** The target is malformed; a page of another origin is told so all the same. */
  | { readonly kind: 'malformed'; readonly error: GatewayError; readonly located: Located<Route> | null };

/** The first half of the admission of a request with `Origin`. */
export interface PageApproach {
  /** The route with `cors` that it falls under, or that a preflight asks about; null: none. */
  readonly corsRoute: CorsRoute | null;
  /** The method that a preflight asks for; null: it is none. */
  readonly preflighted: string | null;
  /** The second half. @throws as `Admit` */
  decide(): MaybePromise<Decision>;
}

export interface Admission {
  /**
   * Decides over one request: target, route, cross-site requests, identity, authorisation.
   *
   * @throws GatewayError at once or later: 400, 401, 403, 404, 405; 503 when a store that must be asked is out
   */
  admit(asked: Asked, record: RequestRecord): MaybePromise<Decision>;
  /**
   * The same for a request with `Origin`, in two halves: between them, a page of another origin is told what it may do.
   *
   * @param requestedMethod `Access-Control-Request-Method`
   */
  approach(asked: Asked, requestedMethod: string | undefined, record: RequestRecord): PageApproach;
}

/**
 * The one order in which every request is decided on, whichever door it comes by:
 *
 * head (`readHead`, by the door) → target → route → CORS → cross-site → identify → authorise.
 *
 * A client that has proven nothing learns nothing of which routes and methods there are below the prefix, but for what CORS and
 * `refuseCrossSite` tell of routes with `cors`.
 */
export function createAdmission({
  table,
  identify,
  realm,
  isTrusted,
}: {
  readonly table: RouteTable<Route>;
  readonly identify: Identify;
  readonly realm: string;
  /** Whether a peer is believed about how the outside reaches the gateway. */
  isTrusted(address: string | undefined): boolean;
}): Admission {
  const locate = ({ url, method, head }: Asked): Approach => {
    if (url === '*' && method === 'OPTIONS') return SERVER;
    const target = parseTarget(url, head.host);
    return { kind: 'located', target, located: table.locate(target) };
  };

  /** A target that is refused lies somewhere too: without CORS fields its page would take the 400 for a broken network. */
  const locateLeniently = (asked: Asked): Approach => {
    try {
      return locate(asked);
    } catch (thrown) {
      const path = pathAsSent(asked.url, asked.head.host);
      const located = path === null ? null : table.locateAsSent(path);
      return { kind: 'malformed', error: asGatewayError(thrown), located };
    }
  };

  const decide = (approach: Approach, asked: Asked, record: RequestRecord): MaybePromise<Decision> => {
    if (approach.kind === 'malformed') throw approach.error;
    // It tells nothing of routes and accounts, and so needs no credentials.
    if (approach.kind === 'server') return SERVER;
    const { target, located } = approach;
    const { head, method, client } = asked;
    const plan = planFor(located, target, method);
    if (plan.kind === 'forward') record.route = plan.route.name;
    if (plan.kind === 'tokens') record.route = 'tokens';

    if (!plan.needsIdentity) return decisionFor(plan, target, null);
    if (head.fetchSite !== undefined || head.origin !== undefined) refuseCrossSite(asked, located, isTrusted);
    const taken = plan.kind === 'forward' ? plan.route.credentials : undefined;
    return andThen(identifyBy(identify, taken, head, client), (outcome) => {
      const identity = identified(outcome, realm, taken);
      record.accountId = identity.account.id;
      if (identity.by === 'token') record.tokenId = identity.token.claims.jti;
      requireConfirmed(identity);
      return decisionFor(plan, target, identity);
    });
  };

  return {
    admit: (asked, record) => decide(locate(asked), asked, record),
    approach(asked, requestedMethod, record) {
      const approach = locateLeniently(asked);
      const routes = approach.kind === 'server' || approach.located === null ? [] : routesAt(approach.located);
      const preflighted = asked.method === 'OPTIONS' && requestedMethod ? requestedMethod : null;
      const asksAbout = preflighted === null ? null : corsRouteFor(routes, preflighted);
      return {
        corsRoute: asksAbout ?? corsRouteFor(routes, asked.method),
        preflighted: asksAbout === null ? null : preflighted,
        decide: () => decide(approach, asked, record),
      };
    },
  };
}

const SERVER = { kind: 'server' } as const;

function decisionFor(plan: Plan<Route>, target: Target, identity: Identity | null): Decision {
  if (plan.kind === 'refuse') throw plan.error;
  if (plan.kind === 'forward') return { kind: 'forward', target, route: plan.route, identity };
  if (plan.kind === 'pages') return { kind: 'pages', target };
  if (identity === null) throw new TypeError('the token endpoints need an identity');
  return { kind: 'tokens', target, identity };
}

/** @param taken by the route, where it says so itself */
function identifyBy(
  identify: Identify,
  taken: readonly Scheme[] | undefined,
  head: Head,
  client: string,
): MaybePromise<Outcome> {
  if (taken === undefined) return identify('authorization ', head.authorization, client);
  const { field, value } = presentedTo(taken, head);
  return identify(field, value, client);
}

function identified(outcome: Outcome, realm: string, taken: readonly Scheme[] | undefined): Identity {
  if (outcome.kind === 'found') return outcome.identity;
  if (outcome.kind === 'absent') throw unauthorized('no credentials', realm, 'basic', taken);
  throw unauthorized(outcome.reason, realm, outcome.scheme, taken);
}
