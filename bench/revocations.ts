import { setTimeout as pause } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { ADA, BOB } from '../test/lab/gateways/gateway.ts';
import { bearer, type Issued, issue, revoke, steadyLoad, untilStatus } from '../test/lab/gateways/load.ts';
import { type Gateways, gateways, type NodeProcess } from '../test/lab/gateways/nodes.ts';
import { failures } from '../test/lab/gateways/pair.ts';
import { openScope } from '../test/lab/open-scope.ts';
import { residentMemory } from '../test/lab/processes/resident-memory.ts';
import { privateMariadb } from '../test/lab/stores/mariadb.ts';
import { privateRedis } from '../test/lab/stores/redis-server.ts';
import { httpUpstream } from '../test/lab/upstreams/upstream.ts';
import { holds } from '../test/lab/waiting/condition.ts';
import { programArguments } from './harness/arguments.ts';
import { requestRate } from './harness/request-rate.ts';
import { median, percentile } from './harness/statistics.ts';

/** What a million revocations cost, and how quickly one arrives: with servers of its own, which it stops. */

programArguments('node bench/revocations.ts');

const MILLION = 1_000_000;
const ROUNDS = 7;
const ROUND_SECONDS = 4;
const REVOCATIONS = 200;
const OUTAGE = 10_000;
/** Requests per second on each node. */
const LOAD = 30;
/** Milliseconds for what takes long: a million rows, or as many keys. */
const PATIENCE = 300_000;

const scope = openScope();
const rows: [what: string, wanted: string, measured: string][] = [];

try {
  const [mariadb, redis] = await Promise.all([privateMariadb(scope), privateRedis(scope)]);
  await latencyAndOutage(mariadb.location, redis);
  await cost(mariadb.location, redis);
} finally {
  await scope.close();
}
const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
for (const [what, wanted, measured] of [['', 'wanted', 'measured'], ...rows]) {
  console.log(`${what?.padEnd(widths[0] ?? 0)}  ${wanted?.padEnd(widths[1] ?? 0)}  ${measured}`);
}

type Location = Awaited<ReturnType<typeof privateMariadb>>['location'];
type Redis = Awaited<ReturnType<typeof privateRedis>>;

async function latencyAndOutage(location: Location, redis: Redis): Promise<void> {
  const upstream = await httpUpstream(scope);
  const group = await gateways(scope, { location, redis: redis.url, upstream: upstream.url });
  const [a, b] = await Promise.all([group.start('A'), group.start('B')]);
  const [ada, bob] = [await issue(a, ADA), await issue(b, BOB)];
  const load = steadyLoad(scope, [a, b], [ada, bob], LOAD);
  const delays: number[] = [];
  for (let i = 0; i < REVOCATIONS; i++) delays.push(await refusedAfter(a, b, await issue(a, ADA), ada));
  rows.push(['revoked on A, refused on B', 'p99 < 100 ms', percentiles(delays)]);

  const tokens: Issued[] = [];
  for (let i = 0; i < 15; i++) tokens.push(await issue(a, ADA));
  redis.pause();
  const start = performance.now();
  const slow: number[] = [];
  while (performance.now() < start + OUTAGE) {
    const token = tokens.pop();
    if (token !== undefined) slow.push(await refusedAfter(a, b, token, ada));
    await pause(200);
  }
  redis.continue();
  const continued = performance.now();
  const isBack = ({ changes }: NodeProcess) => changes('redis').at(-1) === 'store is back';
  await holds('both nodes follow the feed again', () => isBack(a) && isBack(b), PATIENCE);
  const back = performance.now() - continued;
  const answers = await load.since(start);
  rows.push(['the same while Redis hangs for 10 s', 'max < 2000 ms', percentiles(slow)]);
  rows.push(['requests that failed meanwhile', '0', `${failures(answers).length} of ${answers.length}`]);
  rows.push(['Redis goes on, both nodes follow it', 'by itself', `after ${back.toFixed(0)} ms`]);
  await Promise.all([a.stop(), b.stop()]);
  load.tokens.length = 0;
}

/** Milliseconds from the sending of the revocation to a refusal on the other node. */
async function refusedAfter(a: NodeProcess, b: NodeProcess, token: Issued, by: Issued): Promise<number> {
  const sent = performance.now();
  const { status } = await revoke(a, token.id, bearer(by));
  if (status !== 204) throw new Error(`not revoked: ${status}`);
  const { answeredAt } = await untilStatus(b, token, 401, PATIENCE);
  return answeredAt - sent;
}

/** A node that knows a million revocations, beside one that knows none. */
async function cost(location: Location, redis: Redis): Promise<void> {
  const upstream = await httpUpstream(scope, (_, res) => void res.end('ok'));
  const group = async (name: string) => {
    const { host, port, user } = location;
    const connection = await createConnection({ host, port, user });
    await connection.query(`create database ${name}`);
    await connection.end();
    return await gateways(scope, {
      location: { ...location, database: name },
      redis: redis.url,
      upstream: upstream.url,
      settings: { redis: { keyPrefix: `${name}:` } },
    });
  };
  const [withNone, withMillion] = [await group('none'), await group('million')];
  await revokeMillion(withMillion);
  const none = await withNone.start('none');
  const starting = performance.now();
  const million = await withMillion.start('million');
  rows.push(['ready with a million revocations', '< 15 s', `after ${seconds(performance.now() - starting)}`]);
  await holds(
    'the denylist is written',
    () => million.log.some(({ msg }) => msg === 'denylist rewritten from the database'),
    PATIENCE,
  );
  rows.push(['the denylist in Redis written anew', '', `after ${seconds(performance.now() - starting)}`]);

  const nodes = [none, million] as const;
  const tokens = [await issue(none, ADA), await issue(million, ADA)] as const;
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    // In turn, so that a machine that grows slower does so for both; the first round only warms up.
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const rate = await requestRate(nodes[which], bearer(tokens[which]), ROUND_SECONDS);
      if (round > 0) rates[which].push(rate);
    }
  }
  const bytes = ((await residentMemory(million.pid)) - (await residentMemory(none.pid))) / MILLION;
  rows.push(['memory for each of a million', '< 150 bytes', `${bytes.toFixed(0)} bytes`]);
  const [plain, loaded] = rates.map(median) as [number, number];
  const difference = `${(((loaded - plain) / plain) * 100).toFixed(1)} %`;
  rows.push(['request rate with them and without', 'within 5 %', `${loaded} and ${plain} requests/s, ${difference}`]);
}

async function revokeMillion({ database: { sql } }: Gateways): Promise<void> {
  const now = Date.now();
  const life = 86_400_000;
  // As evenly spread as those that the gateway makes.
  const id = [1, 9, 13, 17, 21].map((from, i) => `substr(hex, ${from}, ${[8, 4, 4, 4, 12][i]})`).join();
  await sql.raw(
    `insert into gatehouse_tokens (jti, account_id, issued_at, expires_at, revoked_at)
     select concat_ws('-', ${id}), '1', ?, ?, ? from (select md5(seq) as hex from seq_1_to_${MILLION}) as ids order by hex`,
    [now, now + life, now],
  );
  await sql.raw(
    `insert into gatehouse_revocations (position, jti, expires_at)
     select row_number() over (order by jti), jti, expires_at from gatehouse_tokens`,
  );
  await sql.raw('update gatehouse_revocation_head set position = (select count(*) from gatehouse_revocations)');
}

function percentiles(values: readonly number[]): string {
  const at = (share: number) => percentile(values, share).toFixed(0);
  return `p50 ${at(50)} ms, p99 ${at(99)} ms, max ${at(100)} ms (${values.length})`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
