import { chmodSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../domain/errors.ts';
import type { ListenAddress } from '../settings/schema/listener-options.ts';

/** The options that say where a listener is. */
export type ListenerSetting = 'listen' | 'ops' | 'decisions';

/** Another program uses the port. */
export class PortTaken extends OperatorError {
  readonly setting: ListenerSetting;

  constructor(setting: ListenerSetting, host: string, port: number) {
    super(`${setting}: port ${port} of ${host} is in use by another program. Set ${setting}.port to a free one.`);
    this.setting = setting;
  }
}

/** Owner and group. */
const SOCKET_MODE = 0o660;

/**
 * Opens a listener. A Unix socket is for its owner and group.
 *
 * @returns its URL, such as `http://127.0.0.1:8080`, or `unix:/run/gatehouse/decisions.sock`
 * @throws OperatorError with the option and the address
 */
export function listen(server: Server, setting: ListenerSetting, address: ListenAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(problemOf(error, setting, address));
    server.once('error', fail);
    server.listen(address, () => {
      server.off('error', fail);
      try {
        if ('path' in address) chmodSync(address.path, SOCKET_MODE);
        resolve(urlOf(server.address()));
      } catch (error) {
        server.close();
        fail(error as NodeJS.ErrnoException);
      }
    });
  });
}

function problemOf(error: NodeJS.ErrnoException, setting: ListenerSetting, address: ListenAddress): OperatorError {
  if ('path' in address) {
    const reason = error.code === 'EADDRINUSE' ? 'it is in use by another program' : error.message;
    return new OperatorError(
      `${setting}: cannot listen on ${address.path}: ${reason}. Set ${setting}.socket to a path in a folder that the gateway may write.`,
    );
  }
  const { host, port } = address;
  if (error.code === 'EADDRINUSE') return new PortTaken(setting, host, port);
  return new OperatorError(
    `${setting}: cannot listen on ${host}:${port}: ${error.message}. Set ${setting}.host and ${setting}.port.`,
  );
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return `unix:${address ?? ''}`;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}

/** Accepts no more connections; resolves when all open ones have closed. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
