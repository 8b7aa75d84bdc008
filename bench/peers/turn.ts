import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Lab } from '../harness/lab.ts';
import { busyTimeOf } from '../harness/process-tree.ts';
import { spreadOf } from '../harness/statistics.ts';
import { runWrk } from '../harness/wrk.ts';
import type { Speed } from '../report/results.ts';
import { scriptOf, type Workload } from './workload.ts';

/** A server that takes its turn in each round. */
export interface Contender {
  readonly label: string;
  readonly url: string;
  /** What it is sent. */
  readonly headers: Record<string, string>;
  /** CPU time so far, in milliseconds. */
  cpu(): number;
  /** Throws away what it has logged; left out where it logs nothing. */
  readonly emptyOutput?: () => void;
}

/** Of one round. */
export interface Turn {
  /** Requests per second. */
  readonly rate: number;
  /** CPU time of the server per request, in microseconds. */
  readonly cpu: number;
  /** The share of its core that the server had at work, from 0 to 1. */
  readonly busy: number;
  /** The share of that core that others took from it, from 0 to 1; those who share the machine spoil the figures. */
  readonly others: number;
}

/** How long a server may go on with what nobody waits for any more, in milliseconds. */
const IDLE_LIMIT = 30_000;
const LOOK = 100;

/**
 * Warms a server up, measures it, and waits until it is idle, so that the next one has the core for itself.
 *
 * @param seconds of the warm-up and of the measurement
 * @throws {OperatorError} When a request fails, or it is still busy half a minute after the last one.
 */
export async function takeTurn(
  scope: Scope,
  lab: Lab,
  { label, url, headers, cpu }: Contender,
  workload: Workload,
  seconds: { readonly warmUp: number; readonly measured: number },
): Promise<Turn> {
  const load = { url: url + workload.path, headers, script: scriptOf(workload), core: lab.cores.load };
  await runWrk(scope, { ...load, seconds: seconds.warmUp });
  await untilIdle({ label, cpu });
  const clocks = () => [performance.now(), cpu(), busyTimeOf(lab.cores.server)] as const;
  const before = clocks();
  const { rate, requests } = await runWrk(scope, { ...load, seconds: seconds.measured });
  const [elapsed = 1, taken = 0, busy = 0] = clocks().map((value, i) => value - (before[i] ?? 0));
  await untilIdle({ label, cpu });
  const others = Math.max(0, busy - taken) / elapsed;
  return { rate, cpu: (taken * 1_000) / requests, busy: taken / elapsed, others };
}

export function speedOf(turns: readonly Turn[]): Speed {
  const spread = (key: 'rate' | 'cpu' | 'busy') => spreadOf(turns.map((turn) => turn[key]));
  return { rate: spread('rate'), cpu: spread('cpu'), busy: spread('busy') };
}

async function untilIdle({ label, cpu }: Pick<Contender, 'label' | 'cpu'>): Promise<void> {
  for (const until = performance.now() + IDLE_LIMIT; performance.now() < until; ) {
    const before = cpu();
    await pause(LOOK);
    if (cpu() - before <= LOOK / 10) return;
  }
  throw new OperatorError(`${label} was still busy ${IDLE_LIMIT / 1_000} s after its last answer: no figure.`);
}
