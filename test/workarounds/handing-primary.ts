import cluster from 'node:cluster';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { watchHandedConnections } from '../../gateway/workarounds/node-handed-connections.ts';

/**
 * A primary whose only worker stands still and is killed while a connection is being handed to it. Prints what has become of
 * that connection: `open` or `closed`.
 *
 * node handing-primary.ts [watched]
 */
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const closeHanded = process.argv[2] === 'watched' ? watchHandedConnections(worker) : () => {};
  const [{ port }] = (await once(worker, 'listening')) as [AddressInfo];
  worker.process.kill('SIGSTOP');
  const client = net.connect(port, '127.0.0.1').on('error', () => {});
  await once(client, 'connect');
  await roundTrip();
  worker.process.kill('SIGKILL');
  await once(worker, 'exit');
  while (worker.isConnected()) await new Promise(setImmediate);
  closeHanded();
  await roundTrip();
  console.log(client.readyState === 'open' ? 'open' : 'closed');
  process.exit(0);
} else {
  net.createServer().listen(0, '127.0.0.1');
}

/** Resolves when this process has handled what came in before. */
async function roundTrip(): Promise<void> {
  const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(net.connect(port, '127.0.0.1').resume(), 'close');
  server.close();
}
