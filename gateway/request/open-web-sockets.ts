import { GatewayError } from '../domain/errors.ts';

/** Limits of concurrent WebSockets. */
export interface WebSocketLimits {
  /** In this process. */
  readonly max: number;
  /** Per client. */
  readonly maxPerClient: number;
}

export interface OpenWebSockets {
  /**
   * Counts a WebSocket, from the handshake on.
   *
   * @param client an account; an address if the request is not authenticated
   * @returns stops counting it; call exactly once
   * @throws GatewayError 429 at the client's limit, 503 at the process's
   */
  enter(client: string, limits: WebSocketLimits): () => void;
}

/** Seconds. */
const RETRY_AFTER = '5';

/** Counts WebSockets across configuration reloads. What ends them when their credentials become void is `open-exchanges.ts`. */
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
