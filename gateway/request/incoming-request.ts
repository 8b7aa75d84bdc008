import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../domain/errors.ts';
import { asGatewayError } from '../http/error-answer.ts';
import { type Head, readHead } from '../http/head.ts';

/** What admission needs of a request, HTTP or WebSocket handshake, whose head has been read. */
export interface IncomingRequest {
  readonly method: string;
  /** The target as sent. */
  readonly url: string;
  readonly head: Head;
  /** The address of the client, as far as trusted proxies say. */
  readonly client: string;
  /** The address at the other end of the connection. */
  readonly peer: string | undefined;
  readonly isHandshake: boolean;
}

/** @returns for a head that is refused, the error that `readHead` throws */
export function readIncoming(
  req: IncomingMessage,
  client: string,
  isHandshake: boolean,
): IncomingRequest | GatewayError {
  try {
    const head = readHead(req);
    return { method: req.method ?? '', url: req.url ?? '', head, client, peer: req.socket.remoteAddress, isHandshake };
  } catch (thrown) {
    return asGatewayError(thrown);
  }
}
