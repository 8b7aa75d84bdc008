import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { type RedisProcess, redisProcess } from './redis-process.ts';

/** A master, its replica, and three Sentinels that monitor both. */
export interface RedisReplicas {
  /** The value for `redis.url`, without a database. */
  readonly url: string;
  readonly master: RedisProcess;
  readonly replica: RedisProcess;
  readonly sentinels: readonly RedisProcess[];
  /** Makes the replica the master while both are alive; resolves after the failover. */
  failOver(): Promise<void>;
}

const NAME = 'gate';

export async function redisReplicas(t: Scope): Promise<RedisReplicas> {
  // By default, a master waits five seconds for more replicas before it sends its data to a new one.
  const quick = ['--repl-diskless-sync-delay', '0'];
  const master = await redisProcess(t, () => quick);
  const replica = await redisProcess(t, () => [...quick, '--replicaof', '127.0.0.1', String(master.port)]);
  const sentinels = await Promise.all(
    Array.from({ length: 3 }, () =>
      redisProcess(t, async (port, folder) => {
        const file = join(folder, 'sentinel.conf');
        await writeFile(file, sentinelConfiguration(port, folder, master.port));
        return [file, '--sentinel'];
      }),
    ),
  );
  const clients = [master, replica, ...sentinels].map(({ port }) => new Redis({ port, protocol: 2 }));
  t.teardown(() => {
    for (const client of clients) client.disconnect();
  });
  for (const client of clients) client.on('error', () => {});
  const [, ofReplica, ...ofSentinels] = clients as [Redis, Redis, ...Redis[]];

  await eventually('the replica has its data', async () =>
    /master_link_status:up/.test(await ofReplica.info('replication')),
  );
  for (const sentinel of ofSentinels) {
    await eventually('each Sentinel knows the replica and the others', async () => {
      const info = await sentinel.info('sentinel');
      return /slaves=1,sentinels=3/.test(info);
    });
  }

  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    master,
    replica,
    sentinels,
    async failOver() {
      const [first] = ofSentinels as [Redis];
      await eventually('a Sentinel agrees', async () => (await first.call('SENTINEL', 'FAILOVER', NAME)) === 'OK');
      await eventually('the replica leads', async () => /role:master/.test(await ofReplica.info('replication')));
    },
  };
}

function sentinelConfiguration(port: number, folder: string, master: number): string {
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${NAME} 700`,
    `sentinel failover-timeout ${NAME} 5000`,
    '',
  ].join('\n');
}

async function eventually(what: string, ask: () => Promise<boolean>): Promise<void> {
  let is = false;
  const asking = setInterval(async () => {
    is ||= await ask().catch(() => false);
  }, 50);
  await holds(what, () => is, 20_000).finally(() => clearInterval(asking));
}
