import { requireTokenAddress } from '../access/addresses.ts';
import { requireAccess } from '../access/require-access.ts';
import type { GatewayError } from '../domain/errors.ts';
import type { Identity, Outcome, Scheme } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { unauthorized } from '../domain/unauthorized.ts';
import { asGatewayError } from '../http/error-answer.ts';
import { parseTarget, pathAsSent, type Target } from '../http/target.ts';
import type { Identify } from '../identify/identify.ts';
import { requireConfirmed } from '../identify/standing.ts';
import { corsRouteFor } from '../routing/cors.ts';
import { type Plan, planFor, routesAt } from '../routing/plan.ts';
import { isForwarded, type Route } from '../routing/route.ts';
import {
  allowOf,
  isGuarded,
  type Located,
  methodNotAllowed,
  noRoute,
  type RouteTable,
  routeFor,
} from '../routing/table.ts';
import type { Admission, Admitted, Decision, Destination, ForwardApproach, ForwardDecision } from './admission.ts';
import { credentialOfRequest } from './credential-of-request.ts';
import { refuseCrossSite } from './cross-site.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { webSocketTokenOf } from './web-socket-token.ts';

/** The destination of a request, found before authentication. */
type Approach =
  | { readonly kind: 'server' }
  | ({ readonly kind: 'located' } & Destination)
  /** The target is malformed. Pages of other origins can still read the 400, by the CORS fields of `located`. */
  | { readonly kind: 'malformed'; readonly error: GatewayError; readonly located: Located<Route> | null };

/**
 * Admits every request in the same order, HTTP requests and WebSocket handshakes alike:
 *
 * head (`readIncoming`, by the caller) → target → route → CORS → cross-site → identify → authorise → access → limits → assert.
 *
 * Unauthenticated clients learn nothing of the routes and methods below the prefix, except that CORS and `refuseCrossSite`
 * reveal routes with `cors`.
 */
export function createAdmission({
  table,
  identify,
  realm,
}: {
  readonly table: RouteTable<Route>;
  readonly identify: Identify;
  readonly realm: string;
}): Admission {
  const locate = ({ url, method, head }: IncomingRequest): Approach => {
    if (url === '*' && method === 'OPTIONS') return SERVER;
    const target = parseTarget(url, head.host);
    const located = table.locate(target);
    return { kind: 'located', target, located, plan: planFor(located, target, method) };
  };

  /** Locates refused targets too: without CORS fields the page would see a network error instead of the 400. */
  const locateLeniently = (incoming: IncomingRequest): Approach => {
    try {
      return locate(incoming);
    } catch (thrown) {
      const path = pathAsSent(incoming.url, incoming.head.host);
      const located = path === null ? null : table.locateAsSent(path, incoming.head.host);
      return { kind: 'malformed', error: asGatewayError(thrown), located };
    }
  };

  const decide = (approach: Approach, incoming: IncomingRequest, record: RequestRecord): MaybePromise<Decision> => {
    if (approach.kind === 'malformed') throw approach.error;
    // The answer reveals no routes or accounts, so it needs no credentials.
    if (approach.kind === 'server') return SERVER;
    const { target, plan } = approach;
    if (plan.kind === 'tokens') record.route = 'tokens';
    if (plan.kind === 'forward') return decideForward({ ...approach, plan }, incoming, record);
    if (!plan.needsIdentity) return decisionFor(plan, target, null);
    return andThen(authorise(approach.located, null, incoming, record), (identity) => {
      const decision = decisionFor(plan, target, identity);
      requireTokenAddress(identity, incoming.sender.client);
      return decision;
    });
  };

  const decideForward: Admission['decideForward'] = (approach, incoming, record) => {
    const { located, target, plan } = approach;
    const { route, needsIdentity } = plan;
    if (!isForwarded(route)) {
      // For decisions alone. It does not count against a limit, and nothing is signed for it.
      record.route = route.name;
      return refuse(noRoute(), needsIdentity, located, route, incoming, record);
    }
    return andThen(pass(approach, incoming, record), ({ identity, assertion }): ForwardDecision => {
      return { kind: 'forward', target, route, identity, assertion };
    });
  };

  const pass = (
    { located, plan }: Pick<ForwardApproach, 'located' | 'plan'>,
    incoming: IncomingRequest,
    record: RequestRecord,
  ): MaybePromise<Admitted> => {
    const { route, needsIdentity } = plan;
    record.route = route.name;
    const admit = (identity: Identity | null): Admitted => {
      // Signed only for who may pass. A failure is a 500: nothing is forwarded without it.
      const assertion = identity === null || route.assert === null ? null : route.assert(identity);
      return { route, identity, assertion };
    };
    const judge = (identity: Identity | null): MaybePromise<Admitted> => {
      // 403 for an address that the route or the token does not allow, and for a scope or group that is missing.
      requireAccess(route, identity, incoming.sender.client);
      if (route.limits === null) return admit(identity);
      // 429 where a limit is reached, before the upstream is asked.
      return andThen(route.limits.count(identity, record), () => admit(identity));
    };
    return needsIdentity ? andThen(authorise(located, route, incoming, record), judge) : judge(null);
  };

  const judgeOn: Admission['judgeOn'] = (route, incoming, record) => {
    const located = placeOf(route);
    const needsIdentity = isGuarded(route);
    if (route.methods === undefined || routeFor([route], incoming.method) !== undefined) {
      return pass({ located, plan: { kind: 'forward', route, needsIdentity } }, incoming, record);
    }
    record.route = route.name;
    const refused = methodNotAllowed(allowOf([route]), incoming.method);
    return refuse(refused, needsIdentity, located, route, incoming, record);
  };

  /** Refuses a request on a route. Who needs an identity gets a 401 or 403 first. */
  const refuse = (
    error: GatewayError,
    needsIdentity: boolean,
    located: Located<Route>,
    route: Route,
    incoming: IncomingRequest,
    record: RequestRecord,
  ): MaybePromise<never> => {
    if (!needsIdentity) throw error;
    return andThen(authorise(located, route, incoming, record), (): never => {
      throw error;
    });
  };

  /** Cross-site → identify → authorise. @param route null: an endpoint of the gateway itself, or none */
  const authorise = (
    located: Located<Route>,
    route: Route | null,
    incoming: IncomingRequest,
    record: RequestRecord,
  ): MaybePromise<Identity> => {
    const { head } = incoming;
    const taken = route?.credentials;
    // 403 for Basic credentials that another site has a browser send.
    if (head.fetchSite !== undefined || head.origin !== undefined) refuseCrossSite(incoming, located);
    return andThen(identifyBy(identify, route, incoming), (outcome) => {
      const identity = identified(outcome, realm, taken);
      record.accountId = identity.account.id;
      if (identity.by === 'token') record.tokenId = identity.token.claims.jti;
      // 403 for an unconfirmed account.
      requireConfirmed(identity);
      return identity;
    });
  };

  return {
    admit: (incoming, record) => decide(locate(incoming), incoming, record),
    approach(incoming, requestedMethod, record) {
      const approach = locateLeniently(incoming);
      const routes = approach.kind === 'server' || approach.located === null ? [] : routesAt(approach.located);
      const preflighted = incoming.method === 'OPTIONS' && requestedMethod ? requestedMethod : null;
      const asksAbout = preflighted === null ? null : corsRouteFor(routes, preflighted);
      return {
        corsRoute: asksAbout ?? corsRouteFor(routes, incoming.method),
        preflighted: asksAbout === null ? null : preflighted,
        decide: () => decide(approach, incoming, record),
      };
    },
    forwardApproach(incoming) {
      try {
        const approach = locate(incoming);
        return approach.kind === 'located' && isForward(approach) ? approach : null;
      } catch {
        return null;
      }
    },
    decideForward,
    judge(incoming, record) {
      const approach = locate(incoming);
      if (approach.kind !== 'located') throw noRoute();
      if (isForward(approach)) {
        return andThen(pass(approach, incoming, record), (admitted) => {
          // What the gateway would refuse to forward, no other proxy may: `//` behind a stripped prefix reads as a host.
          admitted.route.targetFor(approach.target);
          return admitted;
        });
      }
      // The gateway's own endpoints are not there for other proxies.
      if (approach.plan.kind !== 'refuse') throw noRoute();
      return andThen(decide(approach, incoming, record), () => {
        throw noRoute();
      });
    },
    judgeOn,
  };
}

/** The place of a route that a proxy names: there are no others beside it. */
function placeOf(route: Route): Located<Route> {
  const guarded = isGuarded(route) ? [route] : [];
  return { place: { kind: 'routes', path: route.path, routes: [route], guarded }, belowPrefix: false };
}

function isForward(destination: Destination): destination is ForwardApproach {
  return destination.plan.kind === 'forward';
}

const SERVER = { kind: 'server' } as const;

function decisionFor(
  plan: Exclude<Plan<Route>, { kind: 'forward' }>,
  target: Target,
  identity: Identity | null,
): Decision {
  if (plan.kind === 'refuse') throw plan.error;
  if (plan.kind === 'pages') return { kind: 'pages', target };
  if (plan.kind === 'key-set') return { kind: 'key-set' };
  if (identity === null) throw new TypeError('the token endpoints need an identity');
  return { kind: 'tokens', target, identity };
}

/** @param route null, or without `credentials`: only `Authorization` is read */
function identifyBy(identify: Identify, route: Route | null, incoming: IncomingRequest): MaybePromise<Outcome> {
  const { head, sender } = incoming;
  const webSocketToken = route === null ? null : webSocketTokenOf(incoming, route);
  if (webSocketToken !== null) return identify('authorization ', webSocketToken, sender.client);
  if (route?.credentials === undefined) return identify('authorization ', head.authorization, sender.client);
  const { field, value } = credentialOfRequest(route.credentials, head);
  return identify(field, value, sender.client);
}

function identified(outcome: Outcome, realm: string, taken: readonly Scheme[] | undefined): Identity {
  if (outcome.kind === 'found') return outcome.identity;
  if (outcome.kind === 'absent') throw unauthorized('no credentials', realm, 'basic', taken);
  throw unauthorized(outcome.reason, realm, outcome.scheme, taken);
}
