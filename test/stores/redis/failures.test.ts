import { once } from 'node:events';
import { createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { connectionErrorOf, connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { redisFailure } from '../../../gateway/stores/redis/failure.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { gateways } from '../../lab/gateways/nodes.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { redisProcess } from '../../support/stores/redis-process.ts';
import { locationOf } from '../../support/stores/separate-services.ts';

/** What is said of a Redis at this address, once it is known. */
async function saidOf(t: ExecutionContext, url: string, wanted: RegExp): Promise<string> {
  const redis = connectRedis(locationOf(url), 300);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 500);
  let said = '';
  await holds(`it says ${wanted}`, async () => {
    said = await redis.set('gatehouse-test:probe', '1', 'PX', 1).then(
      () => 'it works',
      (error: unknown) => redisFailure(error, connectionErrorOf(redis)),
    );
    return wanted.test(said);
  }).catch((error: unknown) => t.log(error, said));
  return said;
}

test('where Redis cannot be used, one line says why, and what to do', async (t) => {
  const [protectedOne, limited, full] = await Promise.all([
    redisProcess(t, () => ['--requirepass', 'secret']),
    redisProcess(t, () => [
      '--user',
      'reader',
      'on',
      '>secret',
      '~*',
      '+@read',
      '+@connection',
      '+info',
      '--user',
      'few',
      'on',
      '>secret',
      '~x:*',
      '+get',
      '+ping',
    ]),
    redisProcess(t, () => ['--maxmemory', '1']),
  ]);
  const closed = await freePort();
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cases: [string, RegExp][] = [
    [`redis://127.0.0.1:${closed}`, /ECONNREFUSED.*: nothing listens there/],
    ['redis://nowhere.invalid:6379', /ENOTFOUND|EAI_AGAIN/],
    [`redis://127.0.0.1:${protectedOne.port}`, /NOAUTH.*put user and password/],
    [`redis://:wrong@127.0.0.1:${protectedOne.port}`, /WRONGPASS.*correct redis\.url/],
    [`redis://reader:secret@127.0.0.1:${limited.port}`, /NOPERM.*ACL SETUSER/],
    [`redis://few:secret@127.0.0.1:${limited.port}`, /NOPERM.*ACL SETUSER/],
    [`redis://127.0.0.1:${full.port}`, /OOM.*maxmemory/],
    [`redis://127.0.0.1:${full.port}/99`, /DB index.*no database with that number/],
    [`redis://reader:secret@127.0.0.1:${limited.port}/99`, /DB index.*no database with that number/],
    [`redis+cluster://127.0.0.1:${limited.port}`, /cluster support disabled.*not a node of a Cluster/],
    [`redis+cluster://127.0.0.1:${closed}`, /ECONNREFUSED|refused or reset/],
    [`redis+sentinel://127.0.0.1:${closed}/gate`, /ECONNREFUSED|entinels are unreachable/],
    [`redis://127.0.0.1:${port}`, /within redis\.timeout/],
    [`rediss://127.0.0.1:${limited.port}`, /TLS|refused or reset|redis\.timeout/],
  ];
  await Promise.all(
    cases.map(async ([url, wanted]) => {
      const said = await saidOf(t, url, wanted);
      t.regex(said, wanted, url);
      t.false(said.includes('\n'), url);
    }),
  );
});

test('answers of a server that is there, but does not work, say what to do as well', (t) => {
  for (const [answer, wanted] of [
    ['LOADING Redis is loading the dataset in memory', /still loading/],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", /replication/],
    ['MISCONF Redis is configured to save RDB snapshots', /disk/],
    ['MOVED 3999 127.0.0.1:6381', /redis\+cluster/],
    ['NOREPLICAS Not enough good replicas to write.', /min-replicas/],
  ] as const) {
    t.regex(redisFailure(new Error(answer), null), wanted);
  }
  t.regex(
    redisFailure(new Error("Stream isn't writeable and enableOfflineQueue options is false"), null),
    /no connection yet/,
  );
  t.is(redisFailure(new Error('of another kind\nin two lines'), null), 'of another kind');
});

test('a Redis that becomes a read-only replica is out once, and back once it takes writes', async (t) => {
  const master = await redisProcess(t);
  const redis = await redisProcess(t);
  const node = await (
    await gateways(t, {
      location: await temporaryDatabase(t, 'mysql'),
      redis: `redis://127.0.0.1:${redis.port}`,
      upstream: 'http://127.0.0.1:1',
      settings: { redis: { timeout: '5s' } },
    })
  ).start('a');
  const inside = new Redis({ port: redis.port });
  t.teardown(() => inside.disconnect());
  const connections = async () => Number(/total_connections_received:(\d+)/.exec(await inside.info('stats'))?.[1]);
  const before = await connections();
  await inside.replicaof('127.0.0.1', master.port);
  await holds('it is out', () => node.changes('redis').length > 0);
  const started = performance.now();
  await holds('some seconds have passed', () => performance.now() - started > 4_000);
  t.deepEqual(node.changes('redis'), ['store is out']);
  t.regex(String(node.log.find(({ store }) => store === 'redis')?.cause), /(READONLY|UNBLOCKED).*replica.*primary/);
  t.true((await connections()) - before < 12);
  t.deepEqual(await node.ready(), { status: 200, unavailable: ['redis'] });
  await inside.replicaof('NO', 'ONE');
  await holds('it is back', () => node.changes('redis').length > 1, 20_000);
  t.deepEqual(node.changes('redis'), ['store is out', 'store is back']);
});
