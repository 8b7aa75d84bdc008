import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** Node's HTTP parser of a connection, which gets its bytes by way of somebody else. */
export interface HeldParser {
  /** Hands bytes to the parser. */
  parse(bytes: Buffer): void;
  /** Lets the parser read from the connection by itself again. Not to be called while bytes are being handed on. */
  release(): void;
}

/** What this touches of Node's own (lib/_http_server.js of Node 24 to 26). */
interface HttpSocket {
  readonly parser?: { consume(handle: unknown): void; _consumed?: boolean } | null;
  readonly _handle?: unknown;
}

type Listener = (...args: unknown[]) => void;

/**
 * Puts a listener between a server's connection and its parser.
 *
 * Why: the parser does not tell how a request line was written (two spaces, `RTSP/1.0`, `HTTP/1.2`), and Node has no way to see
 * the bytes. The parser is a `data` listener of the socket, which this takes off and calls. At first Node has the parser read from
 * the handle without JavaScript; a `data` listener of anybody's ends that, and takes two listeners off with it. `release` puts all
 * of this back.
 *
 * @param onData gets the bytes
 * @throws TypeError where Node's parser does not listen to the socket
 */
export function holdParser(socket: Socket, onData: (bytes: Buffer) => void): HeldParser {
  const [parse] = socket.listeners('data');
  if (parse === undefined) throw new TypeError("Node's parser does not listen to the socket");
  const before = ['pause', 'resume'].map((event) => [event, socket.listeners(event)] as const);
  socket.removeListener('data', parse as Listener);
  socket.on('data', onData);
  return {
    parse: (bytes) => void (parse as Listener).call(socket, bytes),
    release() {
      const { parser, _handle: handle } = socket as unknown as HttpSocket;
      if (!parser || !handle) return;
      // By the emitter's own `on`: the socket's would end the reading without JavaScript again.
      const add = EventEmitter.prototype.on.bind(socket);
      for (const [event, listeners] of before) {
        for (const listener of listeners)
          if (!socket.listeners(event).includes(listener)) add(event, listener as Listener);
      }
      socket.removeListener('data', onData);
      add('data', parse as Listener);
      parser._consumed = true;
      parser.consume(handle);
    },
  };
}
