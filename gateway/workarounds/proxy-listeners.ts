import type { ClientRequest, ClientRequestEventMap } from 'node:http';

/**
 * Calls `mayPass` with the answer to a handshake before http-proxy-middleware's own listeners, and keeps the answer from
 * them where it returns false.
 *
 * http-proxy-middleware (4.2, over httpxy) adds listeners right after `proxyReqWs` that write the upstream's answer to the
 * client unchanged, and has no hook to refuse one. They are taken off on the next tick, when all of them are there.
 */
export function beforeProxyListeners<Event extends 'response' | 'upgrade'>(
  proxyReq: ClientRequest,
  event: Event,
  mayPass: (...answer: ClientRequestEventMap[Event]) => boolean,
): void {
  process.nextTick(() => {
    const listeners = proxyReq.listeners(event);
    proxyReq.removeAllListeners(event);
    proxyReq.once<Event>(event, (...answer: ClientRequestEventMap[Event]) => {
      if (!mayPass(...answer)) return;
      for (const listener of listeners) listener.apply(proxyReq, answer);
    });
  });
}
