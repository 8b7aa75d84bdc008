import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** The head of a request that undici would write together with the first piece of its body. */
export interface HeldHead {
  /** Sends it ahead. To be called while nothing of the body has been handed over. */
  send(): void;
}

/**
 * Gives the head of the request that is about to be written to a connection of HTTP/1, before anything of it is.
 *
 * Undici (8.12) has no way to write a head by itself, so that an upstream that refuses an upload for what its head says
 * could not do so while the client waits with the body.
 *
 * @param body of the request
 */
export function expectHead(body: Readable, take: (head: HeldHead) => void): void {
  expected = { body, take };
}

let expected: { readonly body: Readable; readonly take: (head: HeldHead) => void } | null = null;

/** What undici publishes. */
interface Written {
  readonly request: { readonly body: unknown; readonly contentLength: number | null };
  /** Without the field that says how the body is framed, and without the empty line. */
  readonly headers: string;
  readonly socket: Socket & { readonly alpnProtocol?: unknown };
}

subscribe('undici:client:sendHeaders', (message) => {
  if (expected === null) return;
  const { request, headers, socket } = message as Written;
  const { body, take } = expected;
  expected = null;
  // Over HTTP/2, undici writes a head by itself, and publishes it too.
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
          // The end of a body that had no piece.
          if (text !== headers + CHUNKED) return '0\r\n\r\n';
          // The line of a chunk ends the head, or the chunk before.
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

/** Puts other text in the place of what is written next. */
function replaceNext(socket: Socket, replace: (text: string) => string): void {
  socket.write = (text: Uint8Array | string) => {
    Reflect.deleteProperty(socket, 'write');
    const instead = replace(String(text));
    return instead === '' || socket.write(instead, 'latin1');
  };
}
