import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scope } from '../../test/lab/scope.ts';
import { Random, seedOf } from '../random.ts';
import { openCalls } from './call.ts';
import { runClient, type Surroundings } from './clients.ts';
import { createFaults } from './faults.ts';
import type { Line, RunLine } from './line.ts';
import { namespaces } from './network/namespaces.ts';
import { proxies } from './network/proxies.ts';
import { createOperator } from './operator.ts';
import { type Recorder, recordTo } from './recorder.ts';
import { roundOf } from './schedule.ts';
import { openStage, type Stage } from './stage.ts';
import { createUses } from './uses.ts';
import { createWorld } from './world.ts';

export interface LivePlan extends Omit<RunLine, 'type' | 'network' | 'minutes'> {
  readonly minutes: number;
  readonly usesProxies: boolean;
  readonly out: string;
}

const CLIENTS = 8;
/** Milliseconds of a quiet phase: those in which all may recover, and as long in which all must work. */
const QUIET = 12_000;
/** Milliseconds between two measurements of how long processes have waited for a processor. */
const MEASURED = 250;

/** The seeds of one run are those of the rounds, from 0, of the clients and of the operator. */
const SEEDS = { clients: 1_000_000, operator: 2_000_000, uses: 3_000_000 };

/**
 * Makes a history, in a file.
 *
 * @param see gets each line
 */
export async function makeHistory(
  t: Scope,
  { seed, minutes, database, hasRedis, usesProxies, out }: LivePlan,
  see: (line: Line) => void,
): Promise<void> {
  const network = (usesProxies ? null : await namespaces(t)) ?? proxies(t);
  const record = recordTo(out, see);
  t.teardown(() => record.close());
  record.write({ type: 'run', seed, minutes, database, hasRedis, network: network.description });
  const stage = await openStage(t, network, { database, hasRedis });

  const gateways = [stage.nodes.a, stage.nodes.b] as const;
  const randomOf = (purpose: number) => new Random(seedOf(seed, purpose));
  const send = openCalls(t);
  const uses = createUses(send, record, gateways, randomOf(SEEDS.uses));
  const at: Surroundings = { world: createWorld(), gateways, record, uses, send };
  const operator = createOperator(at, stage.operator);
  await operator.addFirst();

  const ending = new AbortController();
  const { signal } = ending;
  const measuring = measureWaits(stage, record, signal);
  const running = [
    ...Array.from({ length: CLIENTS }, (_, index) => runClient(at, randomOf(SEEDS.clients + index), signal)),
    operator.run(randomOf(SEEDS.operator), signal),
  ];
  const working = Promise.all([measuring, ...running]);
  const made = runRounds(stage, record, { seed, hasRedis, until: performance.now() + minutes * 60_000 });
  try {
    // What goes on by itself has failed if it ends first.
    await Promise.race([made, working]);
  } finally {
    ending.abort();
    made.catch(() => {});
    working.catch(() => {});
  }
  await Promise.all([made, working]);
  await uses.settled();
}

async function runRounds(
  stage: Stage,
  record: Recorder,
  { seed, hasRedis, until }: { seed: number; hasRedis: boolean; until: number },
): Promise<void> {
  const disturb = createFaults(stage, record);
  const phase = (name: 'faults' | 'quiet') => record.write({ type: 'phase', at: performance.now(), phase: name });
  const quiet = async () => {
    phase('quiet');
    await delay(QUIET);
    for (const { name, ready } of Object.values(stage.nodes)) {
      record.write({ type: 'ready', node: name, ...(await ready()), at: performance.now() });
    }
  };
  for (let index = 0; performance.now() < until; index += 1) {
    await quiet();
    phase('faults');
    const planned = roundOf(seed, index, hasRedis);
    await Promise.all(planned.map(({ at, fault }) => delay(at).then(() => disturb(fault))));
  }
  await quiet();
}

/** Writes how long the clients and the workers have waited for a processor, from proc_pid_schedstat(5). */
async function measureWaits({ nodes }: Stage, record: Recorder, signal: AbortSignal): Promise<void> {
  const before = new Map<number, number>();
  let due = performance.now();
  while (!signal.aborted) {
    due = Math.max(due + MEASURED, performance.now());
    await delay(Math.max(0, due - performance.now()));
    const pids = [nodes.a, nodes.b].flatMap((node) => node.pids().workers);
    const ms: Record<string, number> = { clients: Math.round(Math.max(0, performance.now() - due)) };
    for (const pid of pids) {
      const wait = waitOf(pid);
      ms[pid] = Math.round(wait - (before.get(pid) ?? wait));
      before.set(pid, wait);
    }
    record.write({ type: 'waited', at: performance.now(), ms });
  }
}

/** Milliseconds in which the first thread of a process was runnable and did not run; 0 if that is not available. */
function waitOf(pid: number): number {
  try {
    const [, wait = '0'] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(wait) / 1e6;
  } catch {
    return 0;
  }
}
