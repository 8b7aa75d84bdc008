import { badRequest, type GatewayError } from '../domain/errors.ts';
import type { Target } from '../http/target.ts';
import { allowOf, isGuarded, type Located, methodNotAllowed, noRoute, type RouteRules, routeFor } from './table.ts';

/** What the configuration prescribes for a request, before authentication. */
export type Plan<R> =
  | { readonly kind: 'forward'; readonly route: R; readonly needsIdentity: boolean }
  | { readonly kind: 'tokens'; readonly needsIdentity: true }
  | { readonly kind: 'pages'; readonly needsIdentity: false }
  | { readonly kind: 'key-set'; readonly needsIdentity: false }
  /** If an identity is needed, unauthenticated clients get a 401 instead. */
  | { readonly kind: 'refuse'; readonly error: GatewayError; readonly needsIdentity: boolean };

/** Finds the plan of a request. Everything below the prefix needs an identity. */
export function planFor<R extends RouteRules>(located: Located<R>, target: Target, method: string): Plan<R> {
  const { place, belowPrefix } = located;
  const routes = routesAt(located);
  const route = routeFor(routes, method);
  const needsIdentity = belowPrefix || (route === undefined ? routes : [route]).some(isGuarded);
  const refuse = (error: GatewayError): Plan<R> => ({ kind: 'refuse', error, needsIdentity });

  if (place.kind === 'ambiguous') {
    return refuse(badRequest('The request target is not in its normal form (case, encoding or slashes)'));
  }
  if (target.hasEncodedSlash && !route?.allowEncodedSlashes) {
    return refuse(badRequest('The request target contains an encoded slash'));
  }
  if (place.kind === 'tokens') return { kind: 'tokens', needsIdentity: true };
  if (place.kind === 'pages') return { kind: 'pages', needsIdentity: false };
  if (place.kind === 'key-set') {
    const refusal = refusalOfKeySet(method);
    return refusal === null ? { kind: 'key-set', needsIdentity: false } : refuse(refusal);
  }
  if (routes.length === 0) return refuse(noRoute());
  if (route === undefined) return refuse(methodNotAllowed(allowOf(routes), method));
  return { kind: 'forward', route, needsIdentity };
}

/** The 405 for a method that the published keys do not take; null: they take it. */
export function refusalOfKeySet(method: string): GatewayError | null {
  return method === 'GET' || method === 'HEAD' ? null : methodNotAllowed('GET, HEAD', method);
}

/**
 * The routes that share a request's place. Below the prefix, only guarded routes count: not an open website at `/`, for
 * example.
 */
export function routesAt<R>({ place, belowPrefix }: Located<R>): readonly R[] {
  if (place.kind !== 'routes') return [];
  return belowPrefix ? place.guarded : place.routes;
}
