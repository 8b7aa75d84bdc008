import { Redis, type RedisOptions } from 'ioredis';
import { freePort } from '../../lab/processes/free-port.ts';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { type RedisProcess, redisProcess } from './redis-process.ts';

const SLOTS = 16_384;

/**
 * Three masters without replicas; removed when the test ends.
 *
 * @param options further command-line options
 * @param client the options of the test's own client
 */
export async function redisCluster(
  t: Scope,
  options: (port: number, folder: string) => Promise<string[]> | string[] = () => [],
  client: Pick<RedisOptions, 'host' | 'tls'> = {},
): Promise<readonly RedisProcess[]> {
  const nodes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      // By default the bus port is 10,000 higher, which may be out of range.
      const bus = await freePort();
      const start = async (port: number, folder: string) => [
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        String(bus),
        '--cluster-announce-ip',
        '127.0.0.1',
        '--cluster-node-timeout',
        '2000',
        ...(await options(port, folder)),
      ];
      return { process: await redisProcess(t, start), bus };
    }),
  );
  const clients = nodes.map(({ process }) => new Redis({ host: '127.0.0.1', ...client, port: process.port }));
  const share = Math.ceil(SLOTS / nodes.length);
  await Promise.all(
    clients.map((redis, i) => redis.cluster('ADDSLOTSRANGE', i * share, Math.min((i + 1) * share, SLOTS) - 1)),
  );
  for (const { process, bus } of nodes.slice(1)) {
    await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', process.port, bus);
  }
  const states = clients.map(() => '');
  const asking = setInterval(() => {
    clients.forEach(async (redis, i) => {
      states[i] = String(await redis.cluster('INFO').catch(() => ''));
    });
  }, 50);
  try {
    await holds(
      'the Cluster is whole',
      () => states.every((state) => /cluster_state:ok/.test(state) && /cluster_known_nodes:3/.test(state)),
      20_000,
    );
  } finally {
    clearInterval(asking);
    for (const redis of clients) redis.disconnect();
  }
  return nodes.map(({ process }) => process);
}
