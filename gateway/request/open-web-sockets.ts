import { GatewayError } from '../domain/errors.ts';

/** How many WebSockets may be open at a time. */
export interface WebSocketLimits {
  /** In this process. */
  readonly max: number;
  /** Of one client. */
  readonly maxPerClient: number;
}

export interface OpenWebSockets {
  /**
   * Takes a place, from the handshake on.
   *
   * @param client an account, or an address where nobody had to say who they are
   * @returns gives the place back; to be called once
   * @throws GatewayError 429 or 503 where there is no place left
   */
  enter(client: string, limits: WebSocketLimits): () => void;
}

/** Seconds after which it is worth trying again: places come back one by one. */
const RETRY_AFTER = '5';

/** Counts them over all generations of the configuration. */
export function countOpenWebSockets(): OpenWebSockets {
  const byClient = new Map<string, number>();
  let open = 0;
  return {
    enter(client, { max, maxPerClient }) {
      const before = byClient.get(client) ?? 0;
      if (before >= maxPerClient) {
        throw new GatewayError('too_many_requests', `${before} WebSockets of one client (webSockets.maxPerClient)`, {
          publicMessage: 'Too many WebSockets',
          headers: { 'Retry-After': RETRY_AFTER },
        });
      }
      if (open >= max) {
        throw new GatewayError('service_unavailable', `${open} WebSockets are open (webSockets.max)`, {
          headers: { 'Retry-After': RETRY_AFTER },
        });
      }
      open += 1;
      byClient.set(client, before + 1);
      return () => {
        open -= 1;
        const left = (byClient.get(client) ?? 1) - 1;
        if (left === 0) byClient.delete(client);
        else byClient.set(client, left);
      };
    },
  };
}
