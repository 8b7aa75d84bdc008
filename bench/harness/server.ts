import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { onCore } from './cores.ts';
import { cpuTimeOf, memoryOf, userTimeOf } from './process-tree.ts';

/** What is to be started. */
export interface ServerPlan {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Record<string, string>;
  /** The core that it runs on, with all its children. */
  readonly core: number;
  /** It is ready when this URL is answered with any status below 500. */
  readonly answersAt: string;
}

/**
 * A program that runs on a core of its own and is ended with its scope: SIGTERM, and SIGKILL where that has not ended it
 * within 10 seconds.
 */
export interface Server {
  readonly pid: number;
  /** CPU time that it and its children have taken so far, in milliseconds, in steps of 10. */
  cpu(): number;
  /** The part of it that was not spent in the kernel. */
  userTime(): number;
  /** What they have in memory, in bytes: a page that several share counts once. */
  memory(): number;
  /** Empties the file that its outputs go to, which a log of each request would make very long. */
  emptyOutput(): void;
}

const START_LIMIT = 30_000;
const STOP_LIMIT = 10_000;
const TOLD_LENGTH = 600;

/**
 * Starts a program and waits until it answers.
 *
 * @throws {OperatorError} When it ends, or does not answer within 30 seconds; says what it printed.
 */
export async function startServer(scope: Scope, plan: ServerPlan): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-server-'));
  const output = join(folder, 'output');
  const file = openSync(output, 'a');
  const [command, args] = onCore(plan.core, plan.command, plan.args);
  const child = spawn(command, args, {
    env: { ...process.env, ...plan.env },
    stdio: ['ignore', file, file],
    // A process group of its own: then one signal reaches its children as well, and Ctrl-C does not, so that they stop in order.
    detached: true,
  });
  closeSync(file);
  const { pid } = child;
  if (pid === undefined) throw new OperatorError(`${plan.name} cannot be started: taskset (util-linux) is missing.`);
  const guard = guardOf(pid, folder);
  const ended = () => child.exitCode !== null || child.signalCode !== null;

  scope.teardown(async () => {
    if (!ended()) {
      child.kill('SIGTERM');
      const patience = setTimeout(() => killGroup(pid), STOP_LIMIT);
      if (!ended()) await once(child, 'exit');
      clearTimeout(patience);
    }
    killGroup(pid);
    guard.kill('SIGKILL');
    guard.stdin?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });
  await untilItAnswers(plan, ended, output);

  return {
    pid,
    cpu: () => cpuTimeOf(pid),
    userTime: () => userTimeOf(pid),
    memory: () => memoryOf(pid),
    emptyOutput: () => truncateSync(output),
  };
}

async function untilItAnswers({ name, answersAt }: ServerPlan, ended: () => boolean, output: string): Promise<void> {
  const printed = () => readFileSync(output, 'utf8').trim().slice(-TOLD_LENGTH) || '(nothing)';
  for (const until = performance.now() + START_LIMIT; performance.now() < until; await pause(25)) {
    if (ended()) throw new OperatorError(`${name} ended at once; it printed: ${printed()}`);
    try {
      const answer = await fetch(answersAt, { signal: AbortSignal.timeout(2_000), redirect: 'manual' });
      await answer.body?.cancel();
      if (answer.status < 500) return;
    } catch {
      // Not yet.
    }
  }
  throw new OperatorError(`${name} does not answer at ${answersAt} within ${START_LIMIT} ms; it printed: ${printed()}`);
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

/** Notices by the end of its input that this process is gone, however it went, and ends the server with its children. */
function guardOf(leader: number, folder: string): ChildProcess {
  const clean = 'trap "" HUP INT TERM; cat; kill -s KILL -- "-$0"; rm -rf "$1"';
  return spawn('sh', ['-c', clean, String(leader), folder], { stdio: ['pipe', 'ignore', 'ignore'] });
}
