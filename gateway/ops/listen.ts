import { chmodSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../domain/errors.ts';
import type { ListenAddress, ListenerName } from '../settings/schema/listener-options.ts';
import { inheritedSocket } from './inherited-sockets.ts';
import { removeStaleSocket } from './stale-socket.ts';

/** Another program uses the port. */
export class PortTaken extends OperatorError {
  readonly setting: ListenerName;

  constructor(setting: ListenerName, host: string, port: number) {
    super(`${setting}: port ${port} of ${host} is in use by another program. Set ${setting}.port to a free one.`);
    this.setting = setting;
  }
}

/** Owner and group. */
const SOCKET_MODE = 0o660;

/**
 * Opens a listener. A Unix socket is for its owner and group.
 *
 * @param isAlone whether no other process binds the same address, so that a socket file left by a killed one may be removed
 * @returns its URL, such as `http://127.0.0.1:8080`, `unix:/run/gatehouse/decisions.sock`, or `unix:fd=3` for a Unix socket that
 *   the service manager has opened
 * @throws OperatorError with the option and the address
 */
export async function listen(
  server: Server,
  setting: ListenerName,
  address: ListenAddress,
  isAlone: boolean,
): Promise<string> {
  if (isAlone && 'path' in address) await removeStaleSocket(setting, address.path);
  const where = 'fd' in address ? { fd: inheritedSocket(setting, address.fd) } : address;
  return await new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(problemOf(error, setting, address));
    server.once('error', fail);
    server.listen(where, () => {
      server.off('error', fail);
      try {
        if ('path' in address) chmodSync(address.path, SOCKET_MODE);
        resolve(urlOf(server.address(), where));
      } catch (error) {
        server.close();
        fail(error as NodeJS.ErrnoException);
      }
    });
  });
}

function problemOf(error: NodeJS.ErrnoException, setting: ListenerName, address: ListenAddress): OperatorError {
  if ('path' in address) {
    const reason = error.code === 'EADDRINUSE' ? 'it is in use by another program' : error.message;
    return new OperatorError(
      `${setting}: cannot listen on ${address.path}: ${reason}. Set ${setting}.socket to a path in a folder that the gateway may write.`,
    );
  }
  if ('fd' in address) {
    return new OperatorError(
      `${setting}: cannot listen on ${setting}.fd ${address.fd}: ${error.message}. It must be a listening socket, as of a socket unit with Accept=no.`,
    );
  }
  const { host, port } = address;
  if (error.code === 'EADDRINUSE') return new PortTaken(setting, host, port);
  return new OperatorError(
    `${setting}: cannot listen on ${host}:${port}: ${error.message}. Set ${setting}.host and ${setting}.port.`,
  );
}

function urlOf(address: AddressInfo | string | null, where: { readonly fd: number } | object): string {
  // Node does not tell the path of a Unix socket that it has not opened.
  if (address === null || typeof address === 'string')
    return `unix:${address ?? `fd=${'fd' in where ? where.fd : ''}`}`;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}

/** Accepts no more connections; resolves when all open ones have closed. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
