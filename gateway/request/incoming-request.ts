import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../domain/errors.ts';
import type { RawFields } from '../fields/raw-fields.ts';
import type { Sender } from '../http/client-address.ts';
import { asGatewayError } from '../http/error-answer.ts';
import { type Head, readHead } from '../http/head.ts';
import type { PlainHead } from '../http/plain-head.ts';

/** A request whose head has been read, HTTP or WebSocket handshake: all that admission and forwarding need of it. */
export interface IncomingRequest {
  readonly method: string;
  /** The target as sent. */
  readonly url: string;
  readonly fields: RawFields;
  readonly head: Head;
  readonly sender: Sender;
  readonly isHandshake: boolean;
}

/** @returns null for a head that `readHead` refuses */
export function readPlain({ fields }: PlainHead): Head | null {
  try {
    return readHead(fields, '1.1');
  } catch {
    return null;
  }
}

/** @returns for a head that is refused, the error that `readHead` throws */
export function readIncoming(
  req: IncomingMessage,
  sender: Sender,
  isHandshake: boolean,
): IncomingRequest | GatewayError {
  try {
    const { method = '', url = '', rawHeaders: fields } = req;
    return { method, url, fields, head: readHead(fields, req.httpVersion), sender, isHandshake };
  } catch (thrown) {
    return asGatewayError(thrown);
  }
}
