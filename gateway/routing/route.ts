import type { IdentityFields } from '../access/identity-fields.ts';
import type { RouteLimits } from '../access/limits/route-limits.ts';
import { type AccessRules, compileAccess } from '../access/require-access.ts';
import type { Scopes } from '../access/scopes.ts';
import type { Scheme } from '../domain/identity.ts';
import { compileRewriting } from '../forward/headers/answer-rewrite.ts';
import type { Deadlines, Rewriting } from '../forward/outgoing.ts';
import { upstreamAddress, upstreamTarget } from '../forward/path.ts';
import type { UpstreamGroup } from '../forward/upstream/group.ts';
import type { RouteSettings, Settings } from '../settings/schema/settings.ts';
import type { Assert, Assertions } from '../signing/assertion.ts';
import { compileCors, type RouteCors } from './cors.ts';
import { compileChanges, type RouteChanges } from './field-changes.ts';
import type { ProxiedRoute } from './proxied-route.ts';
import type { RouteRules } from './table.ts';

/** A route, compiled from the configuration. */
export interface Route extends RouteRules, AccessRules {
  /** The schemes of its `credentials`; undefined: any in `Authorization`. */
  readonly credentials: readonly Scheme[] | undefined;
  /** Its limits; null: it has none. */
  readonly limits: RouteLimits | null;
  /** The fields that tell who sends a request. */
  readonly identityFields: IdentityFields;
  /** Its CORS policy; null: pages of other origins may not call it. */
  readonly cors: RouteCors | null;
  /** Null without `upstream`: the route is for decisions alone. */
  readonly group: UpstreamGroup | null;
  readonly deadlines: Deadlines;
  /** @returns the target for the upstream, without the upstream's base path. @throws GatewayError 400 */
  targetFor(target: { readonly path: string; readonly query: string }): string;
  readonly stripPrefix: string | undefined;
  readonly preserveHost: boolean;
  readonly passAuthorization: boolean;
  /** Makes the assertion that its upstream gets; null: it gets none. */
  readonly assert: Assert | null;
  readonly takesApiKey: boolean;
  /** Whether a WebSocket handshake may carry its token in `Sec-WebSocket-Protocol`. */
  readonly takesWebSocketToken: boolean;
  /** Bytes of the largest request body; null: no limit. */
  readonly maxBody: number | null;
  /** Whether a request body must have Content-Length. */
  readonly requireLength: boolean;
  readonly changes: RouteChanges;
  /** Rewrites cookies and URI references of answers; null: they pass unchanged. */
  readonly rewriting: Rewriting | null;
  /** Whether a forwarding loop is possible: the forwarded request, sent back to the gateway, could be admitted again. */
  readonly mayComeBack: boolean;
  /** Forwards its requests if it has `proxy`; null: undici does. */
  readonly proxied: ProxiedRoute | null;
  /** Whether plain requests are forwarded without Node's HTTP server and undici. */
  readonly isDirect: boolean;
}

/** A route whose requests the gateway forwards. */
export interface ForwardRoute extends Route {
  readonly group: UpstreamGroup;
}

export function isForwarded(route: Route): route is ForwardRoute {
  return route.group !== null;
}

/** What the compilation of routes needs. */
export interface RouteContext {
  readonly timeouts: Settings['timeouts'];
  readonly scopes: Scopes;
  readonly identityFields: IdentityFields;
  readonly realm: string;
  /** The value of `Strict-Transport-Security`; null: the gateway sends none. */
  readonly strictTransport: string | null;
  /** Opens the upstream group of a route, or returns the open one; null for a route without `upstream`. */
  openGroup(route: RouteSettings): UpstreamGroup | null;
  proxiedFor(route: RouteSettings): ProxiedRoute | null;
  limitsFor(route: RouteSettings): RouteLimits | null;
  /** null: no assertions are configured. */
  readonly assertions: Assertions | null;
}

/** Compiles a route once, so that requests need no further lookups in the settings. */
export function compileRoute(settings: RouteSettings, context: RouteContext): Route {
  const { name, host, path, methods, auth, allowEncodedSlashes, credentials, stripPrefix } = settings;
  const { connect, firstByte, idle, request } = { ...context.timeouts, ...settings.timeouts };
  const group = context.openGroup(settings);
  const basePaths = (group?.settings.servers ?? []).map(({ url }) => upstreamAddress(url).basePath);
  const proxied = context.proxiedFor(settings);
  const changes = compileChanges(settings, context.strictTransport);
  const setsAuthorization = changes.request?.replaced.has('authorization') ?? false;
  return {
    ...{ name, path, auth, allowEncodedSlashes, credentials, stripPrefix, group, changes },
    ...(host !== undefined && { host }),
    ...(methods !== undefined && { methods }),
    ...compileAccess(settings, context.scopes, context.realm),
    limits: context.limitsFor(settings),
    identityFields: context.identityFields,
    cors: settings.cors === undefined ? null : compileCors(settings.cors),
    deadlines: { connect, firstByte, idle, request: request ?? null },
    targetFor: (target) => upstreamTarget(target, settings),
    preserveHost: settings.preserveHost,
    passAuthorization: settings.passAuthorization,
    assert: compileAssert(settings, context.assertions),
    takesApiKey: credentials?.includes('api-key') ?? false,
    takesWebSocketToken: settings.websocketToken,
    maxBody: settings.maxBody ?? null,
    requireLength: settings.requireLength,
    rewriting: compileRewriting(settings, basePaths),
    mayComeBack: auth === 'none' || settings.passAuthorization || setsAuthorization,
    proxied,
    isDirect: proxied === null && group !== null && !group.settings.http2,
  };
}

/** The audience is the name of the route, unless it has another one. */
function compileAssert({ name, auth, assertion = true }: RouteSettings, assertions: Assertions | null): Assert | null {
  if (assertions === null || auth === 'none' || assertion === false) return null;
  return assertions.forAudience(assertion === true ? name : assertion);
}
