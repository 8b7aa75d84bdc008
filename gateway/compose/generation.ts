import { compileAccessClaims } from '../access/access-claims.ts';
import { compileIdentityFields } from '../access/identity-fields.ts';
import type { LimitCounts } from '../access/limits/limit-counts.ts';
import { type CountRefusals, compileRouteLimits, type RouteLimits } from '../access/limits/route-limits.ts';
import { compileScopes, type Scopes } from '../access/scopes.ts';
import type { BeginTrace } from '../domain/trace.ts';
import type { HopCounter } from '../forward/headers/hops.ts';
import type { LoadedModules } from '../forward/proxy-middleware/intercept-modules.ts';
import type { OpenUpstreams, Upstreams } from '../forward/upstream/shared-groups.ts';
import { createWebSocketForwarder } from '../forward/websocket/websocket.ts';
import { compileSender, compileTrust, type Peer, type SenderOf } from '../http/client-address.ts';
import { createErrorPage } from '../http/error-page.ts';
import type { KeySet } from '../http/key-set.ts';
import type { Identify } from '../identify/identify.ts';
import type { Logger } from '../ops/log.ts';
import type { RequestMeter } from '../request/access-log.ts';
import { createAdmission } from '../request/admit.ts';
import { createDecide, type Decide } from '../request/decisions/decide.ts';
import { createErrorForm } from '../request/error-form.ts';
import { createOnRequest, type OnRequest, type RequestDeps } from '../request/on-request.ts';
import { createOnUpgrade, type OnUpgrade } from '../request/on-upgrade.ts';
import type { OpenExchanges } from '../request/open-exchanges.ts';
import type { OpenWebSockets } from '../request/open-web-sockets.ts';
import { createPlainDoor, type PlainDoor } from '../request/plain/plain-door.ts';
import { createPrepareOutgoing } from '../request/prepare-outgoing.ts';
import { compileKnownHosts, type KnowsHost } from '../request/redirect/known-hosts.ts';
import { compileStrictTransport, type StrictTransport } from '../request/strict-transport.ts';
import { requestsUnderWay } from '../request/under-way.ts';
import type { NoticeUntrustedPeer } from '../request/unlisted-proxy.ts';
import { compileProxied } from '../routing/proxied-route.ts';
import { compileRoute } from '../routing/route.ts';
import { compileRoutes, ownPaths } from '../routing/table.ts';
import type { RouteSettings, Settings } from '../settings/schema/settings.ts';
import { type AssertionLookUps, createAssertions } from '../signing/assertion.ts';

/** Everything that survives a reload of the configuration. */
export interface GenerationDeps {
  readonly log: Logger;
  readonly meter: RequestMeter;
  /** Null: nothing is traced. */
  readonly beginTrace: BeginTrace | null;
  readonly identify: Identify;
  readonly tokenEndpoints: RequestDeps['tokenEndpoints'];
  readonly pages: RequestDeps['pages'];
  readonly exchanges: OpenExchanges;
  readonly openUpstreams: OpenUpstreams;
  readonly hopCounter: HopCounter;
  readonly limitCounts: LimitCounts;
  readonly refusalsBy: CountRefusals;
  readonly openWebSockets: OpenWebSockets;
  /** The database's time in ms since 1970. */
  now(): number;
  readonly assertionLookUps: AssertionLookUps;
  /** Called for each request when no proxy is trusted. */
  readonly noticeUntrustedPeer: NoticeUntrustedPeer;
}

/** Everything built from one version of the configuration. Each request uses one generation from start to end. */
export interface Generation {
  readonly settings: Settings;
  /** The published keys of assertions; null: none are configured. */
  readonly keySet: KeySet | null;
  readonly scopes: Scopes;
  /** The path of a route of this name; `undefined`: there is none. */
  pathOf(route: string): string | undefined;
  readonly onRequest: OnRequest;
  readonly onUpgrade: OnUpgrade;
  readonly plainDoor: PlainDoor;
  readonly decide: Decide;
  /** Whether a peer may ask the decisions listener. */
  mayAsk(socketAddress: string | undefined): boolean;
  readonly strictTransport: StrictTransport;
  readonly senderOf: SenderOf;
  /** Whether requests for a host are sent from http to https. */
  readonly knowsHost: KnowsHost;
  readonly peerOf: (socketAddress: string | undefined) => Peer;
  /** Call when no more requests will come. Closes the connections to upstreams when open requests have ended. */
  retire(): Promise<void>;
}

/**
 * Builds a generation. On failure, closes what it opened.
 *
 * @param settings with a key if they have `assertion`
 * @param modules the loaded modules that routes name
 */
export function createGeneration(settings: Settings, modules: LoadedModules, services: GenerationDeps): Generation {
  const upstreams = services.openUpstreams(settings);
  try {
    return generationOver(upstreams, settings, modules, services);
  } catch (error) {
    upstreams.close().catch((failure: unknown) => services.log.error({ err: failure }, 'upstreams not closed'));
    throw error;
  }
}

function generationOver(
  upstreams: Upstreams,
  settings: Settings,
  modules: LoadedModules,
  services: GenerationDeps,
): Generation {
  const { log, meter, beginTrace, identify, exchanges } = services;
  const { prefix, realm } = settings.api;
  const peerOf = compileTrust(settings.trustedProxies, settings.listen.tls !== undefined);
  const senderOf = compileSender(
    peerOf,
    settings.trustedProxies.length === 0 ? services.noticeUntrustedPeer : () => {},
  );
  const strictTransport = compileStrictTransport(settings);
  const scopes = compileScopes(settings.scopes);
  const { assertion } = settings;
  const assertions =
    assertion === undefined
      ? null
      : createAssertions(assertion, services.now, services.assertionLookUps, compileAccessClaims(settings, scopes));
  const keySet = assertions?.keySet ?? null;
  const context = {
    assertions,
    timeouts: settings.timeouts,
    scopes,
    identityFields: compileIdentityFields(settings, scopes),
    realm,
    strictTransport: strictTransport.value,
    openGroup: upstreams.open,
    proxiedFor: (route: RouteSettings) => compileProxied(route, modules),
    limitsFor: (route: RouteSettings) => limitsOf(route, settings, services),
  };
  const routes = settings.routes.map((route) => compileRoute(route, context));
  const table = compileRoutes(routes, prefix, ownPaths(settings));
  const admission = createAdmission({ table, identify, realm });
  const prepareOutgoing = createPrepareOutgoing(services.hopCounter, strictTransport);
  const { tokenEndpoints, pages } = services;
  const hasCors = routes.some(({ cors }) => cors !== null);
  const errorForm = createErrorForm(createErrorPage(settings.pages), prefix);
  const receive = createOnRequest({
    log,
    meter,
    admission,
    hasCors,
    prepareOutgoing,
    exchanges,
    errorForm,
    senderOf,
    strictTransport,
    tokenEndpoints,
    pages,
    keySet,
    beginTrace,
  });
  const webSockets = createWebSocketForwarder();

  const paths = new Map(settings.routes.map(({ name, path }) => [name, path]));
  const underWay = requestsUnderWay();
  const { cache = 0, peers = [], socket } = settings.decisions ?? {};
  const isPeer = compileTrust(peers, false);
  // Other proxies connect to a listener without TLS.
  const proxyOf = compileTrust(settings.trustedProxies, false);

  return {
    settings,
    keySet,
    scopes,
    pathOf: (name) => paths.get(name),
    strictTransport,
    senderOf,
    peerOf,
    knowsHost: compileKnownHosts(settings),
    onRequest(req, res) {
      underWay.enter();
      res.on('close', underWay.leave);
      return receive(req, res);
    },
    onUpgrade: createOnUpgrade({
      ...{ log, meter, admission, prepareOutgoing, exchanges, senderOf, strictTransport, webSockets, beginTrace },
      openWebSockets: services.openWebSockets,
      limits: settings.webSockets,
    }),
    plainDoor: createPlainDoor({
      ...{ log, meter, admission, hasCors, prepareOutgoing, exchanges, underWay, errorForm },
      ...{ strictTransport, senderOf, beginTrace },
    }),
    decide: createDecide({
      ...{ admission, routes, peerOf: proxyOf, strictTransport, keySet, cache, now: services.now, beginTrace },
    }),
    // Without a list, only this machine can connect.
    mayAsk: (address) => socket !== undefined || peers.length === 0 || isPeer(address).trusted,
    async retire() {
      await underWay.idle();
      await upstreams.close();
    },
  };
}

function limitsOf(route: RouteSettings, settings: Settings, services: GenerationDeps): RouteLimits | null {
  if (route.limits.length === 0) return null;
  const { limitCounts, refusalsBy } = services;
  const limits = route.limits.flatMap((name) => {
    const limit = settings.limits[name];
    return limit === undefined ? [] : [limitCounts.open(name, limit)];
  });
  return compileRouteLimits(route.name, limits, limitCounts, refusalsBy);
}
