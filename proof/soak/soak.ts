import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { privateDatabase } from '../../test/lab/stores/private-database.ts';
import { privateRedis } from '../../test/lab/stores/redis-server.ts';
import { print } from '../command-line.ts';
import { Random } from '../random.ts';
import { startNode } from './gateway/node.ts';
import { startSampler } from './measure/sampler.ts';
import type { RunOptions } from './options.ts';
import { recordTo, TIME_IS_OVER } from './samples.ts';
import { clientOf } from './traffic/client.ts';
import { issueFirst, measureCapacity, startLoad } from './traffic/load.ts';
import { addPeople } from './traffic/people.ts';
import { tallyTo } from './traffic/tally.ts';
import type { World } from './traffic/world.ts';
import { createExcuses } from './troubles/excuses.ts';
import { startTroubles } from './troubles/schedule.ts';
import { soakUpstream } from './upstream.ts';

const HOUR = 3_600_000;
/** Between two samples of a long run, in milliseconds; a short one has at least so many samples. */
const EVERY = 15_000;
const LEAST_SAMPLES = 40;
const LEAST_EVERY = 500;
/** A run of an hour or more has the faults at their own intervals. */
const MINUTE = 60_000;
const CAPACITY = { seconds: 8, connections: 32 };

/** Runs gateways under load. @returns the file with the samples */
export async function soak(scope: Scope, { hours, rate, database: kind, seed, out }: RunOptions): Promise<string> {
  const length = hours * HOUR;
  const every = Math.max(LEAST_EVERY, Math.min(EVERY, length / LEAST_SAMPLES));
  const recorder = recordTo(join(out, 'samples.jsonl'));
  const random = new Random(seed);

  const [server, redis] = await Promise.all([
    privateDatabase(scope, kind === 'mariadb' ? 'mysql' : 'postgres'),
    privateRedis(scope),
  ]);
  const { location } = server;
  const database = openDatabase(location, { timeout: 10_000 });
  scope.teardown(() => database.close());
  await migrate(database);
  const people = await addPeople(sqlAccountStore(database));
  const upstreams = [await soakUpstream(scope), await soakUpstream(scope)];
  const surroundings = { location, redis: redis.url, upstreams, dead: `http://127.0.0.1:${await freePort()}` };
  const onTrouble = (node: string, line: Readonly<Record<string, unknown>>) =>
    recorder.add({ kind: 'log', at: Date.now(), node, line });
  const plan = { folder: out, every, onTrouble };
  const cleartext = await startNode(scope, 'cleartext', surroundings, plan);
  const tls = await startNode(scope, 'tls', surroundings, plan);
  const nodes = [cleartext, tls];

  const excuses = createExcuses();
  const tally = tallyTo(recorder, (name, id) => nodes.find((node) => node.name === name)?.lineOf(id) ?? null);
  const world: World = {
    random,
    people,
    targets: [
      { name: 'cleartext', client: clientOf(scope, cleartext.url) },
      { name: 'tls', client: clientOf(scope, tls.url) },
    ],
    decisions: clientOf(scope, cleartext.decisionsUrl),
    excuses,
    tally,
  };
  process.on('uncaughtException', (error) => {
    tally.unexpected('soak', null, 0, { node: 'soak', id: null, message: String(error.stack) });
  });
  await issueFirst(world);
  const chosen = rate ?? (await measureCapacity(world, CAPACITY.seconds, CAPACITY.connections)) / 2;
  print(`${Math.round(chosen)} requests per second; samples in ${recorder.file}`);
  print(
    `the same again: npm run soak -- --hours ${hours} --rate ${Math.round(chosen)} --database ${kind} --seed ${seed}`,
  );
  const begin = { seed, hours, rate: chosen, database: kind, node: process.version, every };
  recorder.add({ kind: 'begin', at: Date.now(), ...begin });

  const load = startLoad(world, chosen);
  const minute = Math.min(MINUTE, length / 60);
  const troubles = startTroubles({ nodes, redis, excuses, random: new Random(seed + 1), recorder, minute });
  const endSampler = startSampler({ nodes, database, redis, troubles, load, tally, recorder, folder: out, every });
  const reason = await untilOver(length, () => nodes.find(({ ended }) => ended)?.name);
  await troubles.end();
  await load.end();
  await endSampler();
  for (const node of nodes) await node.stop();
  recorder.add({ kind: 'end', at: Date.now(), reason });
  return recorder.file;
}

/** @param dead the name of a gateway that has ended by itself @returns why the run is over */
async function untilOver(length: number, dead: () => string | undefined): Promise<string> {
  for (const until = performance.now() + length; performance.now() < until; await pause(Math.min(1_000, length / 20))) {
    const name = dead();
    if (name !== undefined) return `the gateway ${name} ended by itself`;
  }
  return TIME_IS_OVER;
}
