import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { forwardingGateway } from '../gateways/forwarding.ts';
import { type RawClient, rawClient } from './raw.ts';

/** A client of a gateway whose upstream writes a whole response at once, and then calls `afterwards` with its connection. */
export async function answeredClient(
  t: ExecutionContext,
  answer: string | Buffer,
  afterwards: (socket: Socket) => void = () => {},
): Promise<{ client: RawClient; port: number }> {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', (data) => {
      if (!data.includes('\r\n\r\n')) return;
      socket.write(typeof answer === 'string' ? Buffer.from(answer, 'latin1') : answer);
      afterwards(socket);
    });
  });
  const { port } = await forwardingGateway(t, upstream);
  const client = await rawClient(port);
  t.teardown(() => client.socket.destroy());
  return { client, port };
}
