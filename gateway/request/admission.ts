import type { Identity } from '../domain/identity.ts';
import type { MaybePromise } from '../domain/maybe-promise.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import type { Target } from '../http/target.ts';
import type { CorsRoute } from '../routing/cors.ts';
import type { Plan } from '../routing/plan.ts';
import type { ForwardRoute, Route } from '../routing/route.ts';
import type { Located } from '../routing/table.ts';
import type { IncomingRequest } from './incoming-request.ts';

/** A request that may pass on a route. */
export interface Admitted<R extends Route = Route> {
  readonly route: R;
  readonly identity: Identity | null;
  /** Proves the identity to the upstream; null: the route has none. */
  readonly assertion: string | null;
}

/** The request is forwarded. */
export interface ForwardDecision extends Admitted<ForwardRoute> {
  readonly kind: 'forward';
  readonly target: Target;
}

/** The result of admission for a request that may pass. */
export type Decision =
  | ForwardDecision
  | { readonly kind: 'tokens'; readonly target: Target; readonly identity: Identity }
  | { readonly kind: 'pages'; readonly target: Target }
  /** The published keys of assertions. */
  | { readonly kind: 'key-set' }
  /** `OPTIONS *`: about the server as a whole (RFC 9110 section 9.3.7). */
  | { readonly kind: 'server' };

/** A place of the configuration, and what is planned for a request there. */
export interface Destination<P = Plan<Route>> {
  readonly target: Target;
  readonly located: Located<Route>;
  readonly plan: P;
}

/** The first half of admission, for a request that will be forwarded unless it is refused. */
export type ForwardApproach = Destination<Extract<Plan<Route>, { kind: 'forward' }>>;

/** The first half of admission, for requests with `Origin`. */
export interface PageApproach {
  /** The route whose `cors` applies to the request or its preflight; null: none. */
  readonly corsRoute: CorsRoute | null;
  /** The method that a preflight asks for; null: no preflight. */
  readonly preflighted: string | null;
  /** The second half. @throws as `Admit` */
  decide(): MaybePromise<Decision>;
}

export interface Admission {
  /**
   * Decides on one request: target → route → CORS → cross-site → identify → authorise → access → limits → assert.
   *
   * @throws GatewayError synchronously or as a rejection: 400, 401, 403, 404, 405, 429; 500 when the assertion cannot be signed;
   *   503 when a store that must be asked is out
   */
  admit(incoming: IncomingRequest, record: RequestRecord): MaybePromise<Decision>;
  /**
   * The same for a request with `Origin`, in two halves: the CORS fields are set between them.
   *
   * @param requestedMethod `Access-Control-Request-Method`
   */
  approach(incoming: IncomingRequest, requestedMethod: string | undefined, record: RequestRecord): PageApproach;
  /** The first half alone, which changes nothing. @returns null if the request is answered otherwise, or refused already */
  forwardApproach(incoming: IncomingRequest): ForwardApproach | null;
  /** The second half. @throws as `admit` */
  decideForward(
    approach: ForwardApproach,
    incoming: IncomingRequest,
    record: RequestRecord,
  ): MaybePromise<ForwardDecision>;
  /**
   * Decides on a request that another proxy forwards. The token endpoints and the pages are no routes here.
   *
   * @throws as `admit`
   */
  judge(incoming: IncomingRequest, record: RequestRecord): MaybePromise<Admitted>;
  /** The same on a route that the proxy names: the target is not read. */
  judgeOn(route: Route, incoming: IncomingRequest, record: RequestRecord): MaybePromise<Admitted>;
}
