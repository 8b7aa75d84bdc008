import { listen } from '../ops/listen.ts';
import type { Logger } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import { refuseCleartextRequests } from '../request/connections/cleartext-requests.ts';
import { proxyProtocol } from '../request/connections/proxy-protocol.ts';
import { createTlsStage } from '../request/connections/tls-stage.ts';
import { createDecisionListener } from '../request/decisions/decision-listener.ts';
import { createListener, type Listener, type ListenerDeps } from '../request/listener.ts';
import { createRedirectListener } from '../request/redirect/redirect-listener.ts';
import { redirectAddress } from '../settings/schema/listen-tls-options.ts';
import { listenAddress } from '../settings/schema/listener-options.ts';
import type { Settings } from '../settings/schema/settings.ts';
import type { Generation } from './generation.ts';
import type { Meters } from './meters.ts';

/** Where a gateway listens. `decisionsUrl` is null without `decisions`, `redirectUrl` without `listen.redirect`. */
export interface Addresses {
  readonly url: string;
  readonly decisionsUrl: string | null;
  readonly redirectUrl: string | null;
}

const HTTPS = 443;

/** The public listener, the one for other proxies, and the one for http, as one. */
export interface Listeners {
  /**
   * Binds the addresses.
   *
   * @param isAlone whether no other process binds the same ones, so that a socket file left by a killed one may be removed
   * @throws OperatorError when one is taken
   */
  listen(isAlone: boolean): Promise<Addresses>;
  /** Takes no connection from now on. */
  stop(): void;
  /** Applies timeouts and certificates of other settings to new connections. */
  use(settings: ListenerSettings): void;
  /** As of each `Listener`. */
  drain(): void;
  cut(): void;
  close(): Promise<void>;
}

/** The forwarding fields of a request that cannot be read. */
const NOTHING_CLAIMED = { forwardedFor: undefined, forwardedProto: undefined, forwarded: undefined };

type ListenerSettings = Pick<Settings, 'listen' | 'decisions' | 'timeouts'>;

/**
 * @param current the generation for the next request
 * @param ticketSecret of TLS sessions, the same in all processes of this gateway
 */
export function createListeners(
  settings: ListenerSettings,
  current: () => Generation,
  log: Logger,
  meters: Meters & Pick<Metrics, 'tls'>,
  ticketSecret: Uint8Array,
): Listeners {
  const { listen: address, decisions: decisionOptions, timeouts } = settings;
  const forClients = { log, meter: meters.requests, ...clientsOf(current), timeouts };
  const takeProxyHeader = proxyProtocol({
    log,
    isTrusted: (socketAddress) => current().peerOf(socketAddress).trusted,
    deadline: () => clients.server.headersTimeout,
  });
  const first = address.proxyProtocol ? [takeProxyHeader] : [];
  const tlsDeps = {
    ...{ log, meter: meters.tls, ticketSecret, peerOf: forClients.peerOf },
    deadline: () => clients.server.headersTimeout,
    refuseCleartext: refuseCleartextRequests(forClients),
  };
  const tls = address.tls === undefined ? null : createTlsStage(tlsDeps, address.tls);
  const clients: Listener = createListener({
    ...forClients,
    stages: tls === null ? first : [...first, tls.stage],
    onRequest: (req, res) => current().onRequest(req, res),
    onUpgrade: (req, socket, head) => current().onUpgrade(req, socket, head),
    acceptPlain: address.fastPath ? (connection, head) => current().plainDoor.accept(connection, head) : null,
    strictTransport: (socketAddress) =>
      current().strictTransport.valueFor({ peer: current().peerOf(socketAddress), forwarding: NOTHING_CLAIMED }),
  });
  const proxies =
    decisionOptions === undefined
      ? null
      : createDecisionListener({
          log,
          meter: meters.decisions,
          decide: (subrequest) => current().decide(subrequest),
          mayAsk: (socketAddress) => current().mayAsk(socketAddress),
          timeouts,
        });
  let httpsPort = HTTPS;
  const { redirect } = address;
  const toHttps =
    redirect === undefined
      ? null
      : createRedirectListener({
          ...forClients,
          stages: first,
          knowsHost: (host) => current().knowsHost(host),
          httpsPort: () => httpsPort,
        });
  const all: readonly Listener[] = [clients, proxies, toHttps].filter((one) => one !== null);

  const listenForProxies = async (isAlone: boolean): Promise<string | null> => {
    if (proxies === null || decisionOptions === undefined) return null;
    return await listen(proxies.server, 'decisions', listenAddress('decisions', decisionOptions), isAlone);
  };
  const listenForHttp = async (isAlone: boolean): Promise<string | null> => {
    if (toHttps === null || redirect === undefined) return null;
    const where = listenAddress('listen.redirect', redirectAddress(address, redirect));
    return await listen(toHttps.server, 'listen.redirect', where, isAlone);
  };

  return {
    async listen(isAlone) {
      const heard = await listen(clients.server, 'listen', listenAddress('listen', address), isAlone);
      const url = tls === null ? heard : heard.replace(/^http:/, 'https:');
      httpsPort = redirect?.httpsPort ?? Number(new URL(url).port || HTTPS);
      return { url, decisionsUrl: await listenForProxies(isAlone), redirectUrl: await listenForHttp(isAlone) };
    },
    stop() {
      for (const one of all) one.server.close();
    },
    use(next) {
      for (const one of all) one.setTimeouts(next.timeouts);
      if (next.listen.tls !== undefined) tls?.use(next.listen.tls);
    },
    drain() {
      for (const one of all) one.drain();
    },
    cut() {
      for (const one of all) one.cut();
    },
    async close() {
      await Promise.all(all.map((one) => one.close()));
    },
  };
}

/** Who sends a request, by the generation at that moment. */
function clientsOf(current: () => Generation): Pick<ListenerDeps, 'senderOf' | 'peerOf'> {
  return {
    senderOf: (socketAddress, forwarding) => current().senderOf(socketAddress, forwarding),
    peerOf: (socketAddress) => current().peerOf(socketAddress).address,
  };
}
