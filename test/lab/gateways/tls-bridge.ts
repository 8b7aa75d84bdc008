import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Scope } from '../scope.ts';

/**
 * A port without TLS that leads to one with it, byte for byte, so that the tests of cleartext connections run over TLS too. It
 * cannot pass on a reset: the other side sees an end.
 *
 * @returns the port
 */
export async function tlsBridge(t: Scope, port: number): Promise<number> {
  const open = new Set<Socket>();
  // Missing in @types/node: allowHalfOpen.
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    ...{ host: '127.0.0.1', port, rejectUnauthorized: false, allowHalfOpen: true },
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const gateway = connect(options);
    gateway.setNoDelay();
    for (const [one, other] of [
      [client, gateway],
      [gateway, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        // What has arrived is still to be delivered.
        other.destroySoon();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
