import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { type SeenRequest, seenFrom } from '../../lab/upstreams/upstream.ts';

export interface WebSocketUpstream {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** The server side of each connection. */
  readonly sockets: WebSocket[];
}

/** A real WebSocket server that echoes each message, and records the handshakes. */
export async function webSocketUpstream(
  t: ExecutionContext,
  options: Omit<ServerOptions, 'port' | 'host'> = {},
): Promise<WebSocketUpstream> {
  const seen: SeenRequest[] = [];
  const sockets: WebSocket[] = [];
  const server = new WebSocketServer({ ...options, port: 0, host: '127.0.0.1' });
  server.on('connection', (socket: WebSocket, req: IncomingMessage) => {
    seen.push(seenFrom(req));
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, sockets };
}

/** Connects; rejects with `Unexpected server response: STATUS` when the handshake is refused. */
export async function webSocketTo(
  t: ExecutionContext,
  url: string,
  { authorization, protocols = [] }: { authorization?: string; protocols?: string[] } = {},
): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, {
    headers: authorization === undefined ? {} : { Authorization: authorization },
  });
  t.teardown(() => socket.terminate());
  const opened = once(socket, 'open');
  socket.on('error', () => {});
  await opened;
  return socket;
}

/** Sends a message. @returns the next message received */
export async function echoed(
  socket: WebSocket,
  message: string | Buffer,
): Promise<{ data: Buffer; isBinary: boolean }> {
  const answer = once(socket, 'message') as Promise<[Buffer, boolean]>;
  socket.send(message);
  const [data, isBinary] = await answer;
  return { data, isBinary };
}

/** The fields of a client's WebSocket handshake, for raw sockets. */
export const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
] as const;
