import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Gateways, gateways } from '../../test/lab/gateways/nodes.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { urlOf } from '../../test/lab/stores/database.ts';
import { type PrivateDatabase, privateDatabase } from '../../test/lab/stores/private-database.ts';
import { type PrivateRedis, privateRedis } from '../../test/lab/stores/redis-server.ts';
import { type Gateway, openGateway } from './gateway.ts';
import type { RunLine } from './line.ts';
import type { Network, Node } from './network/network.ts';

/** Two gateways and their stores, which can be disturbed. */
export interface Stage {
  readonly network: Network;
  readonly nodes: Readonly<Record<Node, Gateway>>;
  readonly database: PrivateDatabase;
  readonly redis: PrivateRedis | null;
  /** Reaches the stores directly, also where the gateways do not. */
  readonly operator: Gateways;
}

/** The path of a route for all accounts, and of one for a group. */
export const OPEN_PATH = '/api/v1/orders/7';
export const GROUP = 'staff';
export const GROUP_PATH = '/api/v1/staff/7';

/** More than any client fails: passwords of before a change are tried on purpose. */
const TRIES = 1_000_000;

export async function openStage(
  t: Scope,
  network: Network,
  { database: kind, hasRedis }: Pick<RunLine, 'database' | 'hasRedis'>,
): Promise<Stage> {
  const upstream = await upstreamOn(t, network.clients);
  const [database, redis] = await Promise.all([
    privateDatabase(t, kind === 'mariadb' ? 'mysql' : 'postgres', network.placeOf('database')),
    hasRedis ? privateRedis(t, network.placeOf('redis')) : null,
  ]);
  const accounts = { throttle: { perAddress: TRIES, perAddressAndAccount: TRIES } };
  const { location } = database;
  const operator = await gateways(t, { location, redis: redis?.url ?? '', upstream, settings: { accounts } });
  const routes = [
    { name: 'orders', path: '/api/v1/orders', upstream },
    { name: GROUP, path: '/api/v1/staff', upstream, requires: { groups: [GROUP] } },
  ];
  const open = async (name: Node) => {
    const place = network.placeOf(name);
    const [port, opsPort] = [await freePort(), await freePort()];
    const settings = {
      workers: 2,
      listen: { host: place.address, port },
      ops: { host: place.address, port: opsPort },
      database: { url: urlOf({ ...location, ...(await network.storeFrom(name, 'database', location.port)) }) },
      redis: { url: redis === null ? '' : await redisUrl(network, name, redis) },
      routes,
    };
    const { host, port: reached } = await network.gatewayFromClients(name, port);
    return await openGateway(operator, { name, settings, place, url: `http://${host}:${reached}` });
  };
  const [a, b] = [await open('a'), await open('b')];
  return { network, nodes: { a, b }, database, redis, operator };
}

async function redisUrl(network: Network, node: Node, { url }: PrivateRedis): Promise<string> {
  const { host, port } = await network.storeFrom(node, 'redis', Number(new URL(url).port));
  return `redis://${host}:${port}`;
}

/** Answers with the id of the account that the gateway names. @returns its URL */
async function upstreamOn(t: Scope, host: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.end(String(request.headers['x-user-id'] ?? ''));
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}
