import type { Scheme } from '../domain/identity.ts';
import { compileRewriting } from '../forward/headers/answer-rewrite.ts';
import type { Rewriting } from '../forward/headers/rewriting.ts';
import type { Deadlines } from '../forward/outgoing.ts';
import { upstreamAddress, upstreamTarget } from '../forward/path.ts';
import type { UpstreamGroup } from '../forward/upstream/group.ts';
import type { RouteSettings, Settings } from '../settings/schema/settings.ts';
import { compileCors, type RouteCors } from './cors.ts';
import { compileChanges, type RouteChanges } from './field-changes.ts';
import type { ProxiedRoute } from './proxied-route.ts';
import type { RouteRules } from './table.ts';

/** A route as the configuration made it: all that is known of it before a request comes. */
export interface Route extends RouteRules {
  /** The credentials that it takes, where it says so itself. */
  readonly credentials: readonly Scheme[] | undefined;
  /** Which pages of other origins may call it; null: none. */
  readonly cors: RouteCors | null;
  readonly group: UpstreamGroup;
  readonly deadlines: Deadlines;
  /** The target that the upstream receives behind its base path. @throws GatewayError 400 */
  targetFor(target: { readonly path: string; readonly query: string }): string;
  readonly stripPrefix: string | undefined;
  readonly preserveHost: boolean;
  readonly passAuthorization: boolean;
  readonly takesApiKey: boolean;
  /** Bytes that a body may have; null: any number. */
  readonly maxBody: number | null;
  /** Whether a body must say beforehand how long it is. */
  readonly requireLength: boolean;
  /** What the route changes in the fields of requests and answers. */
  readonly changes: RouteChanges;
  /** What becomes of cookies and references of answers; null: they pass as they are. */
  readonly rewriting: Rewriting | null;
  /** Whether a request that leads back here would pass once more; any other has no credentials left by then. */
  readonly mayComeBack: boolean;
  /** What forwards its requests in place of undici, where it has `proxy`; null: undici. */
  readonly proxied: ProxiedRoute | null;
}

/** What routes are compiled with. */
export interface RouteContext {
  readonly timeouts: Settings['timeouts'];
  /** The value of `Strict-Transport-Security`; null: the gateway sends none. */
  readonly strictTransport: string | null;
  /** Opens the group that a route leads to, or finds it open. */
  openGroup(route: RouteSettings): UpstreamGroup;
  proxiedFor(route: RouteSettings): ProxiedRoute | null;
}

/** Compiles a route once, so that no request looks anything of it up or makes it anew. */
export function compileRoute(settings: RouteSettings, context: RouteContext): Route {
  const { name, path, methods, auth, allowEncodedSlashes, credentials, stripPrefix } = settings;
  const { connect, firstByte, idle, request } = { ...context.timeouts, ...settings.timeouts };
  const group = context.openGroup(settings);
  const basePaths = group.settings.servers.map(({ url }) => upstreamAddress(url).basePath);
  const changes = compileChanges(settings, context.strictTransport);
  const setsAuthorization = changes.request?.replaced.has('authorization') ?? false;
  return {
    ...{ name, path, auth, allowEncodedSlashes, credentials, stripPrefix, group, changes },
    ...(methods !== undefined && { methods }),
    cors: settings.cors === undefined ? null : compileCors(settings.cors),
    deadlines: { connect, firstByte, idle, request: request ?? null },
    targetFor: (target) => upstreamTarget(target, settings),
    preserveHost: settings.preserveHost,
    passAuthorization: settings.passAuthorization,
    takesApiKey: credentials?.includes('api-key') ?? false,
    maxBody: settings.maxBody ?? null,
    requireLength: settings.requireLength,
    rewriting: compileRewriting(settings, basePaths),
    mayComeBack: auth === 'none' || settings.passAuthorization || setsAuthorization,
    proxied: context.proxiedFor(settings),
  };
}
