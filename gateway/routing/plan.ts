import { badRequest, GatewayError } from '../domain/errors.ts';
import { KEY_SET_METHODS } from '../http/key-set.ts';
import type { Target } from '../http/target.ts';
import { allowOf, isGuarded, type Located, methodNotAllowed, type RouteRules, routeFor } from './table.ts';

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
    if (method !== 'GET' && method !== 'HEAD') return refuse(methodNotAllowed(KEY_SET_METHODS, method));
    return { kind: 'key-set', needsIdentity: false };
  }
  if (routes.length === 0) return refuse(new GatewayError('not_found', 'no route'));
  if (route === undefined) return refuse(methodNotAllowed(allowOf(routes), method));
  return { kind: 'forward', route, needsIdentity };
}

/**
 * The routes that share a request's place. Below the prefix, only guarded routes count: not an open website at `/`, for
 * example.
 */
export function routesAt<R>({ place, belowPrefix }: Located<R>): readonly R[] {
  if (place.kind !== 'routes') return [];
  return belowPrefix ? place.guarded : place.routes;
}
