import { requireConfirmed } from '../authorise/confirmed.ts';
import { badRequest, GatewayError } from '../errors.ts';
import type { Identify } from '../identify/identify.ts';
import type { RouteSettings } from '../settings/schema.ts';
import type { Identity, Outcome, RequestRecord } from '../state.ts';
import type { Head } from './head.ts';
import { type RoutePlace, type RouteTable, routeFor } from './routes.ts';
import { parseTarget, type Target } from './target.ts';

/** What becomes of a request that may pass. */
export type Decision =
  | {
      readonly kind: 'forward';
      readonly target: Target;
      readonly route: RouteSettings;
      readonly identity: Identity | null;
    }
  | { readonly kind: 'tokens'; readonly target: Target; readonly identity: Identity };

export type Decide = (request: { method: string; url: string; head: Head }, record: RequestRecord) => Promise<Decision>;

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
  return async ({ method, url, head }, record) => {
    const target = parseTarget(url, head.host);
    const { place, belowPrefix } = table.locate(target);
    const route = place.kind === 'routes' ? routeFor(place, method) : undefined;
    record.route = route?.name ?? null;

    let identity: Identity | null = null;
    if (belowPrefix || (place.kind === 'routes' && needsIdentity(place, route))) {
      identity = identified(await identify(head.authorization), realm);
      record.accountId = identity.account.id;
      requireConfirmed(identity);
    }

    if (place.kind === 'ambiguous') {
      throw badRequest('The request target is not in its normal form (case, encoding or slashes)');
    }
    if (target.hasEncodedSlash && !route?.allowEncodedSlashes) {
      throw badRequest('The request target contains an encoded slash');
    }
    if (place.kind === 'tokens' && identity !== null) return { kind: 'tokens', target, identity };
    if (place.kind !== 'routes') throw new GatewayError('not_found', 'no route');
    if (route === undefined) {
      throw new GatewayError('method_not_allowed', `${method} on ${place.path}`, { headers: { Allow: place.allow } });
    }
    return { kind: 'forward', target, route, identity };
  };
}

/** A method that no route takes is refused to those alone who could have used one of the others. */
function needsIdentity(place: RoutePlace, route: RouteSettings | undefined): boolean {
  return (route === undefined ? place.routes : [route]).some(({ auth }) => auth === 'required');
}

function identified(outcome: Outcome, realm: string): Identity {
  if (outcome.kind === 'found') return outcome.identity;
  const basic = `Basic realm="${realm}", charset="UTF-8"`;
  const bearer = outcome.kind === 'refused' && outcome.scheme === 'bearer';
  throw new GatewayError('unauthorized', outcome.kind === 'refused' ? outcome.reason : 'no credentials', {
    headers: { 'WWW-Authenticate': bearer ? [basic, `Bearer realm="${realm}", error="invalid_token"`] : basic },
  });
}
