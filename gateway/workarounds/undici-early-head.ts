import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** The head of a request that undici holds until the first piece of its body. */
export interface HeldHead {
  /** Sends it now. To be called before undici got anything of the body. */
  send(): void;
}

/**
 * Hands over the head of the next request that undici writes to an HTTP/1 connection, before it writes any of it.
 *
 * Undici (8.12) writes a head only together with the first piece of the body, so an upstream could not refuse an upload by
 * its head while the client still holds the body back. Undici publishes the head on `undici:client:sendHeaders` synchronously
 * after `onRequestStart`, so one slot is enough. Where `take` is never called, the head leaves with the body.
 *
 * @param body of the request
 */
export function expectHead(body: Readable, take: (head: HeldHead) => void): void {
  expected = { body, take };
}

let expected: { readonly body: Readable; readonly take: (head: HeldHead) => void } | null = null;

/** The message of undici's channel. */
interface Written {
  readonly request: { readonly body: unknown; readonly contentLength: number | null };
  /** Without the field that frames the body, and without the empty line. */
  readonly headers: string;
  readonly socket: Socket & { readonly alpnProtocol?: unknown };
}

subscribe('undici:client:sendHeaders', (message) => {
  if (expected === null) return;
  const { request, headers, socket } = message as Written;
  const { body, take } = expected;
  expected = null;
  // Over HTTP/2, undici sends a head by itself, and publishes it on the same channel.
  if (request.body === body && socket.alpnProtocol !== 'h2') take(heldHead(socket, headers, request.contentLength));
});

/** @param length null: the body is sent in chunks */
function heldHead(socket: Socket, headers: string, length: number | null): HeldHead {
  return {
    send() {
      const framing = length === null ? CHUNKED : `content-length: ${length}\r\n`;
      socket.write(`${headers}${framing}\r\n`, 'latin1');
      if (length === null) {
        replaceNext(socket, (text) => {
          // The last chunk of an empty body.
          if (text !== headers + CHUNKED) return '0\r\n\r\n';
          // A chunk-size line begins with the CRLF of the head or of the chunk before, which has been sent.
          replaceNext(socket, (line) => line.slice('\r\n'.length));
          return '';
        });
      } else {
        replaceNext(socket, () => '');
      }
    },
  };
}

const CHUNKED = 'transfer-encoding: chunked\r\n';

/** Replaces the text that is written next. */
function replaceNext(socket: Socket, replace: (text: string) => string): void {
  socket.write = (text: Uint8Array | string) => {
    Reflect.deleteProperty(socket, 'write');
    const instead = replace(String(text));
    return instead === '' || socket.write(instead, 'latin1');
  };
}
