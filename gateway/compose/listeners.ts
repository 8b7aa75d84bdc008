import { listen } from '../ops/listen.ts';
import type { Logger } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import { createDecisionListener } from '../request/decisions/decision-listener.ts';
import { createListener, type Listener, type ListenerTimeouts } from '../request/listener.ts';
import { listenAddress } from '../settings/schema/listener-options.ts';
import type { Settings } from '../settings/schema/settings.ts';
import type { Generation } from './generation.ts';

/** Where a gateway listens. `decisionsUrl` is null without `decisions`. */
export interface Addresses {
  readonly url: string;
  readonly decisionsUrl: string | null;
}

/** The public listener, and the one for other proxies, as one. */
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
  /** Applies to new connections. */
  setTimeouts(timeouts: ListenerTimeouts): void;
  /** As of each `Listener`. */
  drain(): void;
  cut(): void;
  close(): Promise<void>;
}

/** The forwarding fields of a request that cannot be read. */
const NOTHING_CLAIMED = { forwardedFor: undefined, forwardedProto: undefined, forwarded: undefined };

/** @param current the generation for the next request */
export function createListeners(
  settings: Pick<Settings, 'listen' | 'decisions' | 'timeouts'>,
  current: () => Generation,
  log: Logger,
  metrics: Pick<Metrics, 'requests' | 'decisions'>,
): Listeners {
  const { decisions: decisionOptions, timeouts } = settings;
  const clients = createListener({
    log,
    meter: metrics.requests,
    senderOf: (socketAddress, forwarding) => current().senderOf(socketAddress, forwarding),
    stages: [],
    peerOf: (socketAddress) => current().peerOf(socketAddress).address,
    onRequest: (req, res) => current().onRequest(req, res),
    onUpgrade: (req, socket, head) => current().onUpgrade(req, socket, head),
    acceptPlain: settings.listen.fastPath ? (connection, head) => current().plainDoor.accept(connection, head) : null,
    timeouts,
    strictTransport: (socketAddress) =>
      current().strictTransport.valueFor({ peer: current().peerOf(socketAddress), forwarding: NOTHING_CLAIMED }),
  });
  const proxies =
    decisionOptions === undefined
      ? null
      : createDecisionListener({
          log,
          meter: metrics.decisions,
          decide: (subrequest) => current().decide(subrequest),
          mayAsk: (socketAddress) => current().mayAsk(socketAddress),
          timeouts,
        });
  const all: readonly Listener[] = proxies === null ? [clients] : [clients, proxies];

  return {
    async listen(isAlone) {
      const url = await listen(clients.server, 'listen', listenAddress('listen', settings.listen), isAlone);
      if (proxies === null || decisionOptions === undefined) return { url, decisionsUrl: null };
      const where = listenAddress('decisions', decisionOptions);
      return { url, decisionsUrl: await listen(proxies.server, 'decisions', where, isAlone) };
    },
    stop() {
      for (const one of all) one.server.close();
    },
    setTimeouts(next) {
      for (const one of all) one.setTimeouts(next);
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
