import { GatewayError } from '../errors.ts';
import type { Identity } from '../state.ts';

/** An exchange that may last: an answer that streams, an upload, a WebSocket. */
export interface OpenExchange {
  /** Who it belongs to; null where nobody had to say so. */
  readonly identity: Identity | null;
  /** Ends it, where it is one that lasts: its credentials are void. */
  end(): void;
  /** The gateway shuts down: ends it, where it has no end of its own. */
  goAway(): void;
}

export interface OpenExchanges {
  add(exchange: OpenExchange): void;
  delete(exchange: OpenExchange): void;
  /** The gateway shuts down: tells each of them. */
  goAway(): void;
  close(): void;
}

/** Milliseconds between two looks: what was revoked or expired ends within this. */
const LOOK = 1_000;

/**
 * Ends what goes on under a token that has been revoked or has expired since.
 *
 * @param isValid whether a request with this identity would still pass
 */
export function watchOpenExchanges(isValid: (identity: Identity) => boolean): OpenExchanges {
  const open = new Set<OpenExchange>();
  const timer = setInterval(() => {
    for (const { identity, end } of open) if (identity !== null && !isValid(identity)) end();
  }, LOOK).unref();
  return {
    add: (exchange) => void open.add(exchange),
    delete: (exchange) => void open.delete(exchange),
    goAway() {
      for (const exchange of open) exchange.goAway();
    },
    close: () => clearInterval(timer),
  };
}

/** The log's word for an exchange that was ended because its token was revoked or expired under it. */
export function voidMeanwhile(): GatewayError {
  return new GatewayError('unauthorized', 'the token was revoked or expired meanwhile');
}
