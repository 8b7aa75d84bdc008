import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { HERE } from '../../../test/lab/processes/place.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import type { Address, Cut, Machine, Network, Node, Store } from './network.ts';

type State = 'open' | Cut | 'gone';

/** One way from a client to a server, through a TCP proxy on loopback. */
interface Way {
  readonly ends: readonly Machine[];
  set(state: State): void;
}

/** Where there are no network namespaces: a TCP proxy on each way, which stalls or refuses connections. Packets are not lost. */
export function proxies(t: Scope): Network {
  const ways: Way[] = [];
  const between = async (ends: readonly Machine[], port: number): Promise<Address> => {
    const { way, address } = await proxied(t, ends, port);
    ways.push(way);
    return address;
  };
  const apply = (chosen: readonly Way[], state: State) => {
    for (const way of chosen) way.set(state);
    return async () => {
      for (const way of chosen) way.set('open');
    };
  };
  return {
    description:
      'TCP proxies on loopback, without network namespaces: connections stall or are refused, packets are not lost',
    clients: HERE.address,
    placeOf: () => HERE,
    storeFrom: (node: Node, store: Store, port) => between([node, store], port),
    gatewayFromClients: (node: Node, port) => between([node], port),
    cut: async (node, store, how) =>
      apply(
        ways.filter(({ ends }) => ends.includes(node) && ends.includes(store)),
        how,
      ),
    unplug: async (machine) =>
      apply(
        ways.filter(({ ends }) => ends.includes(machine)),
        'gone',
      ),
  };
}

async function proxied(t: Scope, ends: readonly Machine[], port: number): Promise<{ way: Way; address: Address }> {
  let state: State = 'open';
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  const proxy = createServer((client) => {
    if (state === 'gone') {
      client.resetAndDestroy();
      return;
    }
    const pair = { client, server: connect(port, '127.0.0.1') };
    pairs.add(pair);
    join(pair, () => state);
    client.once('close', () => pairs.delete(pair));
  });
  const address = await listening(t, proxy, pairs);
  const way: Way = {
    ends,
    set(next) {
      state = next;
      for (const { client, server } of pairs) {
        if (next === 'gone') for (const socket of [client, server]) socket.resetAndDestroy();
        if (next === 'open') for (const socket of [client, server]) socket.resume();
      }
    },
  };
  return { way, address };
}

/** Carries the bytes of both directions, but for those that are stalled, which wait. */
function join({ client, server }: { client: Socket; server: Socket }, state: () => State): void {
  const carry = (from: Socket, to: Socket, isStalled: () => boolean) => {
    from.on('error', () => {});
    from.on('data', (data) => {
      if (isStalled()) {
        from.pause();
        from.unshift(data);
      } else {
        to.write(data);
      }
    });
    from.on('close', () => to.destroy());
  };
  carry(client, server, () => state() === 'silent');
  carry(server, client, () => state() === 'silent' || state() === 'answers');
}

async function listening(
  t: Scope,
  proxy: Server,
  pairs: ReadonlySet<{ readonly client: Socket; readonly server: Socket }>,
): Promise<Address> {
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => {
    proxy.close();
    for (const { client, server } of pairs) for (const socket of [client, server]) socket.destroy();
  });
  return { host: '127.0.0.1', port: (proxy.address() as AddressInfo).port };
}
