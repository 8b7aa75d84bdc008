import type { Database } from '../../../gateway/stores/database/connection.ts';
import type { PrivateRedis } from '../../../test/lab/stores/redis-server.ts';
import type { SoakNode } from '../gateway/node.ts';
import { newestOf } from '../gateway/probe-reader.ts';
import type { ProcessSample, Recorder } from '../samples.ts';
import type { Load } from '../traffic/load.ts';
import type { Tally } from '../traffic/tally.ts';
import type { Troubles } from '../troubles/schedule.ts';
import { gaugesOf } from './gauges.ts';
import { machineMeter } from './machine.ts';
import { systemValues, tcpStates } from './process-files.ts';
import { redisValues, rowsOf } from './stores.ts';

interface Deps {
  readonly nodes: readonly SoakNode[];
  readonly database: Database;
  readonly redis: PrivateRedis;
  readonly troubles: Pick<Troubles, 'redisIsUp'>;
  readonly load: Pick<Load, 'underWay'>;
  readonly tally: Tally;
  readonly recorder: Recorder;
  /** Of the probes. */
  readonly folder: string;
  /** Milliseconds. */
  readonly every: number;
}

/** Writes down at intervals what processes and stores have, and what was answered. @returns ends it, with a last sample */
export function startSampler(deps: Deps): () => Promise<void> {
  const { every, recorder, tally, load } = deps;
  const machine = machineMeter();
  let since = performance.now();
  const take = async () => {
    for (const sample of processSamples(deps)) recorder.add(sample);
    for (const node of deps.nodes) {
      recorder.add({ kind: 'gauges', at: Date.now(), node: node.name, values: await gaugesOf(node) });
    }
    recorder.add(machine());
    const now = performance.now();
    recorder.add(tally.take((now - since) / 1_000, load.underWay));
    since = now;
    const rows = await rowsOf(deps.database);
    const redis = deps.troubles.redisIsUp ? await redisValues(deps.redis) : {};
    recorder.add({ kind: 'stores', at: Date.now(), values: { ...rows, ...redis } });
  };
  let taking = Promise.resolve();
  const timer = setInterval(() => {
    taking = taking.then(take).catch((error: Error) => {
      recorder.add({ kind: 'log', at: Date.now(), node: 'soak', line: { level: 'error', msg: String(error.stack) } });
    });
  }, every);
  return async () => {
    clearInterval(timer);
    await taking;
    await take();
  };
}

/** Of each process with a new measurement of its probe. */
function processSamples({ nodes, folder, every }: Deps): ProcessSample[] {
  const states = tcpStates();
  const now = Date.now();
  return nodes.flatMap(({ name, processes }) =>
    processes().flatMap(({ pid, role }): ProcessSample[] => {
      const probed = newestOf(folder, pid);
      const system = systemValues(pid, states);
      if (probed === null || system === null || probed.at < now - 2 * every) return [];
      return [{ kind: 'process', at: now, node: name, role, pid, values: { ...probed.values, ...system } }];
    }),
  );
}
