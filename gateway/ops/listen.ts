import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../domain/errors.ts';

/** Another program uses the port. */
export class PortTaken extends OperatorError {
  readonly setting: 'listen' | 'ops';

  constructor(setting: 'listen' | 'ops', host: string, port: number) {
    super(`${setting}: port ${port} of ${host} is in use by another program. Set ${setting}.port to a free one.`);
    this.setting = setting;
  }
}

/**
 * Opens a listener.
 *
 * @returns its URL, such as `http://127.0.0.1:8080`
 * @throws OperatorError with the option and the address
 */
export function listen(
  server: Server,
  setting: 'listen' | 'ops',
  { host, port }: { host: string; port: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new PortTaken(setting, host, port));
      else
        reject(
          new OperatorError(
            `${setting}: cannot listen on ${host}:${port}: ${error.message}. Set ${setting}.host and ${setting}.port.`,
          ),
        );
    };
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

/** Accepts no more connections; resolves when all open ones have closed. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
