import type { IncomingMessage } from 'node:http';
import type { HopCounter } from './forward/hops.ts';
import type { LoadedModules } from './forward/intercept-modules.ts';
import type { OpenUpstreams, Upstreams } from './forward/upstreams.ts';
import { createWebSocketForwarder } from './forward/websocket.ts';
import type { Identify } from './identify/identify.ts';
import type { Logger } from './ops/log.ts';
import type { RequestMeter } from './request/access-log.ts';
import { clientAddress, compileTrust, type Peer } from './request/client-address.ts';
import { createCors } from './request/cors.ts';
import { createDecide } from './request/decide.ts';
import { createDepart } from './request/departure.ts';
import { createErrorPage } from './request/error-page.ts';
import type { OpenExchanges } from './request/open-exchanges.ts';
import type { OpenWebSockets } from './request/open-web-sockets.ts';
import { createPipeline, type OnRequest, type Pipeline } from './request/pipeline.ts';
import { createProxiedRoutes } from './request/proxied-route.ts';
import { compileRoutes, pagesPath } from './request/routes.ts';
import { compileStrictTransport, type StrictTransport } from './request/strict-transport.ts';
import type { NoticeStranger } from './request/unnamed-proxy.ts';
import { createUpgradeDoor, type OnUpgrade } from './request/upgrade.ts';
import type { Settings } from './settings/schema.ts';

/** What outlives a change of the configuration. */
export interface Services {
  readonly log: Logger;
  readonly meter: RequestMeter;
  readonly identify: Identify;
  readonly tokenEndpoints: Pipeline['tokenEndpoints'];
  readonly pages: Pipeline['pages'];
  readonly exchanges: OpenExchanges;
  readonly openUpstreams: OpenUpstreams;
  readonly hopCounter: HopCounter;
  readonly openWebSockets: OpenWebSockets;
  /** Is told of each request, where no peer is trusted. */
  readonly noticeStranger: NoticeStranger;
}

/** Everything that is made of one state of the configuration. Each request sees one generation from end to end. */
export interface Generation {
  readonly settings: Settings;
  readonly onRequest: OnRequest;
  readonly onUpgrade: OnUpgrade;
  readonly strictTransport: StrictTransport;
  /** The address of whoever sends a request, as far as trusted proxies say. */
  readonly clientOf: (req: IncomingMessage) => string;
  readonly peerOf: (socketAddress: string | undefined) => Peer;
  /** No request will come any more. Ends the connections to upstreams when those under way have their answers. */
  retire(): Promise<void>;
}

/**
 * When anything fails, what was opened for it is closed again.
 *
 * @param modules those that the routes name, loaded
 */
export function createGeneration(settings: Settings, modules: LoadedModules, services: Services): Generation {
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
  services: Services,
): Generation {
  const { log, meter, identify, exchanges } = services;
  const { prefix, realm } = settings.api;
  const table = compileRoutes(settings.routes, prefix, pagesPath(settings));
  const peerOf = compileTrust(settings.trustedProxies);
  const clientOf = clientAddress(peerOf, settings.trustedProxies.length === 0 ? services.noticeStranger : () => {});
  const decide = createDecide({ table, identify, realm, isTrusted: (address) => peerOf(address).trusted });
  const strictTransport = compileStrictTransport(settings, peerOf);
  const depart = createDepart(upstreams, peerOf, settings.timeouts, services.hopCounter, strictTransport);
  const { tokenEndpoints, pages } = services;
  const cors = createCors(table, settings.routes);
  const receive = createPipeline({
    log,
    meter,
    prefix,
    cors,
    decide,
    depart,
    proxiedRoutes: createProxiedRoutes(settings.routes, modules),
    exchanges,
    errorPage: createErrorPage(settings.pages),
    clientOf,
    strictTransport,
    tokenEndpoints,
    pages,
  });
  const webSockets = createWebSocketForwarder();

  let underWay = 0;
  const idle = Promise.withResolvers<void>();
  let isRetired = false;
  const leave = () => {
    underWay -= 1;
    if (isRetired && underWay === 0) idle.resolve();
  };

  return {
    settings,
    strictTransport,
    clientOf,
    peerOf,
    onRequest(req, res) {
      underWay += 1;
      res.on('close', leave);
      return receive(req, res);
    },
    onUpgrade: createUpgradeDoor({
      ...{ log, meter, decide, depart, exchanges, clientOf, strictTransport, webSockets },
      openWebSockets: services.openWebSockets,
      limits: settings.webSockets,
    }),
    async retire() {
      isRetired = true;
      if (underWay > 0) await idle.promise;
      await upstreams.close();
    },
  };
}
