import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import type { Scope } from '../../test/lab/scope.ts';

/** Longer than the deadline of the route with failures. */
const SLOW = 30_000;
const PIECE = 1_024;
/** Milliseconds. Longer than the gateway keeps a connection: a request that meets one being closed may be a 502. */
const KEEP_ALIVE = 120_000;

type Behaviour = (request: IncomingMessage, response: ServerResponse, argument: string) => Promise<void> | void;

/**
 * What a server behind the gateway does, by the last part of the path: `GET …/pieces-20x50` gets 20 pieces at intervals of
 * 50 ms.
 */
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  bytes: (_, response, bytes) => void response.end(Buffer.alloc(Number(bytes), 'x')),
  async pieces(_, response, argument) {
    const [count = 0, interval = 0] = argument.split('x').map(Number);
    for (let i = 0; i < count && !response.destroyed; i += 1) {
      response.write(Buffer.alloc(PIECE, 'x'));
      await pause(interval);
    }
    response.end();
  },
  /** Ends the connection without an answer. */
  reset: (request) => void request.socket.destroy(),
  /** Ends the connection in the middle of the answer. */
  cut(request, response) {
    response.writeHead(200, { 'Content-Length': 10 * PIECE });
    response.write(Buffer.alloc(PIECE, 'x'));
    setTimeout(() => request.socket.destroy(), 5);
  },
  async slow(_, response) {
    await pause(SLOW);
    if (!response.destroyed) response.end('late');
  },
};

/** A server of HTTP and WebSockets. @returns its URL */
export async function soakUpstream(scope: Scope): Promise<string> {
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.keepAliveTimeout = KEEP_ALIVE;
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => {
      if (String(data) === 'close') socket.close(1000);
      else socket.send(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.teardown(() => {
    for (const socket of webSockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {});
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  const last = (request.url ?? '').split('?')[0]?.split('/').at(-1) ?? '';
  const [name = '', argument = ''] = last.split('-');
  const behaviour = BEHAVIOURS[name];
  if (behaviour !== undefined) return await behaviour(request, response, argument);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ user: request.headers['x-user-id'] ?? null, bytes }));
}
