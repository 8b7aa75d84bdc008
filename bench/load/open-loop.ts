import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { onCore } from '../harness/cores.ts';
import type { Span } from './gc-pauses.ts';

/** What the open-loop load is to do. */
export interface OpenLoopPlan {
  readonly port: number;
  readonly path: string;
  readonly authorization: string;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Kept alive; each carries one request at a time. */
  readonly connections: number;
}

/** Milliseconds. */
export interface Distribution {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
}

export interface OpenLoopReport {
  /** When the load went on, without its warm-up. */
  readonly span: Span;
  /** From the planned moment to the whole answer, the wait for a free connection included. */
  readonly latency: Distribution;
  /** How long after the planned moment the program came to the request: its own fault, not the server's. */
  readonly late: Distribution;
}

const PROGRAM = join(import.meta.dirname, 'open-loop-program.ts');
/** For the start, the warm-up and the last answers. */
const GRACE_SECONDS = 30;
/** Milliseconds that the load may be late: at the median, a small part of what is to be measured. */
const LATE = { p50: 0.02, p99: 2 };

/**
 * Sends requests at planned moments, from a process of its own.
 *
 * @throws {OperatorError} When an answer was no success, or the load did not keep to its plan.
 */
export function runOpenLoop(scope: Scope, core: number, plan: OpenLoopPlan): Promise<OpenLoopReport> {
  return inScope(scope, async (own) => {
    const running = new AbortController();
    own.teardown(() => running.abort());
    const [command, args] = onCore(core, process.execPath, [PROGRAM, JSON.stringify(plan)]);
    const signal = AbortSignal.any([running.signal, AbortSignal.timeout((plan.seconds + GRACE_SECONDS) * 1_000)]);
    const { stdout } = await promisify(execFile)(command, args, { signal }).catch((error: { stderr?: string }) => {
      throw new OperatorError(`The open-loop load failed: ${/^Error: .*$/m.exec(error.stderr ?? '')?.[0] ?? error}`);
    });
    const report = JSON.parse(stdout) as OpenLoopReport;
    const { p50, p99 } = report.late;
    if (p50 <= LATE.p50 && p99 <= LATE.p99) return report;
    throw new OperatorError(
      `The open-loop load was late: p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms; allowed are ${LATE.p50} and ${LATE.p99}. Something else uses its core.`,
    );
  });
}
