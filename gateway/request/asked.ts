import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../domain/request-record.ts';
import { type Head, readHead } from '../http/head.ts';
import { requestId } from './record.ts';

/** What admission needs of a request, HTTP or WebSocket handshake, once its head has been read. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly head: Head;
  /** The address of the client, as far as trusted proxies say. */
  readonly client: string;
  /** The address at the other end of the connection. */
  readonly peer: string | undefined;
  /** Whether the request is a WebSocket handshake. */
  readonly isHandshake: boolean;
}

/**
 * Reads the head of a request, and gives its record the request id.
 *
 * @throws as `readHead`
 */
export function readAsked(req: IncomingMessage, record: RequestRecord, isHandshake: boolean): Asked {
  const head = readHead(req);
  record.id = requestId(head.requestId);
  return {
    method: record.method,
    url: req.url ?? '',
    head,
    client: record.client,
    peer: req.socket.remoteAddress,
    isHandshake,
  };
}
