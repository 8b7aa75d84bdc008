import type { Duplex } from 'node:stream';
import { GatewayError } from '../errors.ts';
import type { Identity } from '../state.ts';

/** An exchange that may last: an answer that streams, an upload, a WebSocket. */
export interface OpenExchange {
  /** Who it belongs to; null where nobody had to say so. */
  readonly identity: Identity | null;
  /** Whether it has come to its end. */
  readonly isOver: boolean;
  /** Ends it, where it is one that lasts: its credentials are void. */
  end(): void;
  /** The gateway shuts down: ends it, where it has no end of its own. */
  goAway(): void;
}

export interface OpenExchanges {
  /** What goes on over a client's connection now, in place of what did before. */
  begin(connection: Duplex, exchange: OpenExchange): void;
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
  // By connections, which last: to enter each exchange and to strike it out again cost a fifth of a whole request.
  const open = new Map<Duplex, OpenExchange | null>();
  const timer = setInterval(() => {
    for (const [connection, exchange] of open) {
      if (exchange === null) continue;
      if (exchange.isOver) open.set(connection, null);
      else if (exchange.identity !== null && !isValid(exchange.identity)) exchange.end();
    }
  }, LOOK).unref();
  return {
    begin(connection, exchange) {
      if (connection.closed) return;
      if (!open.has(connection)) connection.once('close', () => open.delete(connection));
      open.set(connection, exchange);
    },
    goAway() {
      for (const exchange of open.values()) if (exchange?.isOver === false) exchange.goAway();
    },
    close: () => clearInterval(timer),
  };
}

/** The log's word for an exchange that was ended because its token was revoked or expired under it. */
export function voidMeanwhile(): GatewayError {
  return new GatewayError('unauthorized', 'the token was revoked or expired meanwhile');
}
