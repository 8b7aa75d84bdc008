import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Scope } from '../../lab/scope.ts';

/** What a service behind a proxy has received. */
export interface Received {
  readonly method: string;
  readonly target: string;
  /** Lower-case name and value of each line. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Bytes of the body. */
  readonly bytes: number;
}

export interface Service {
  readonly url: string;
  /** Every request whose head has arrived; `bytes` counts what had arrived of its body when it was answered. */
  readonly received: Received[];
}

/** A service that answers each request with what it received, and echoes the messages of WebSockets. */
export async function echoingService(t: Scope): Promise<Service> {
  const received: Received[] = [];
  const server = createServer({ maxHeaderSize: 64 * 1024 }, async (req, res) => {
    let bytes = 0;
    for await (const chunk of req) bytes += (chunk as Buffer).length;
    const seen = receivedIn(req, bytes);
    received.push(seen);
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(seen));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, req) => {
    received.push(receivedIn(req, 0));
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function receivedIn({ method = '', url: target = '', rawHeaders }: IncomingMessage, bytes: number): Received {
  const fields = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] ?? ''] as const] : [],
  );
  return { method, target, fields, bytes };
}

/** The values of a field. @param name in lower case */
export function valuesIn({ fields }: Received, name: string): string[] {
  return fields.filter(([other]) => other === name).map(([, value]) => value);
}

/** The same without empty ones, which some proxies send in place of removing a field. */
export function filledIn(received: Received, name: string): string[] {
  return valuesIn(received, name).filter((value) => value !== '');
}

/** Every field that a service could read as one of the identity, unless it is empty: `X_User_Id` becomes `HTTP_X_USER_ID` too. */
export function identityIn({ fields }: Received): (readonly [name: string, value: string])[] {
  return fields.filter(([name, value]) => /^x[^a-z0-9]*user/.test(name) && value !== '');
}
