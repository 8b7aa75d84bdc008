import cluster from 'node:cluster';
import { OperatorError } from '../../domain/errors.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { within } from '../../stores/database/deadline.ts';
import type { Grant, Report } from '../../stores/limits/ledger.ts';
import { watchHandedConnections } from '../../workarounds/node-handed-connections.ts';
import {
  type Answers,
  type FromWorker,
  isFromWorker,
  type Listening,
  type Question,
  type StartData,
  type ToWorker,
} from './messages.ts';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** The worker's own message, when it could not start. */
  readonly reason: string | null;
}

/** A worker, as the primary sees it. */
export interface WorkerProcess {
  /** Never reused; the worker's log lines carry it. */
  readonly id: number;
  readonly pid: number | undefined;
  /** Resolves with the URLs of the worker's listeners. Rejects with an OperatorError when the worker exits before that. */
  readonly ready: Promise<Listening>;
  readonly isReady: boolean;
  readonly ended: Promise<Ending>;
  /** Milliseconds since the fork. */
  age(): number;
  /** Rejects when the worker has exited, or does not answer within `ms` milliseconds. */
  ask<Q extends Question>(question: Q, ms: number): Promise<Answers[Q['about']]>;
  /** Tells the worker that another one has revoked something. */
  readRevocations(): void;
  /** Sends a heartbeat. @returns the number of earlier ones since the worker's last message */
  beat(): number;
  /**
   * Shuts the worker down in order, and kills it after the shutdown timeout.
   *
   * @returns how it ended; `killed` after that timeout
   */
  stop(shutdown: Settings['shutdown']): Promise<Ending | 'killed'>;
  kill(): void;
}

/** Milliseconds after the shutdown timeout before a worker is killed: enough to give up on a stalled log reader. */
const STOP_GRACE = 1_500;

/** What the primary does for a worker. */
export interface ForWorkers {
  /** The worker has revoked something. */
  onRevoked(worker: WorkerProcess): void;
  /** Settles reports of limits. @param holder the worker */
  settleLimits(holder: string, reports: readonly Report[]): Grant[];
}

export function forkWorker(startData: StartData, { onRevoked, settleLimits }: ForWorkers): WorkerProcess {
  const worker = cluster.fork();
  const closeHandedConnections = watchHandedConnections(worker);
  const bornAt = performance.now();
  const ready = Promise.withResolvers<Listening>();
  const ended = Promise.withResolvers<Ending>();
  /** Questions without an answer yet; null: the worker has ended. */
  let asked: Map<number, PromiseWithResolvers<Answers[keyof Answers]>> | null = new Map();
  let lastId = 0;
  let beats = 0;
  let isReady = false;
  let reason: string | null = null;

  // A message to a worker that has just died is lost, which is harmless. A worker that failed to fork has no channel.
  const tell = (message: ToWorker) => {
    if (worker.isConnected()) worker.send(message, () => {});
  };
  const kill = () => void worker.process.kill('SIGKILL');
  const end = (code: number | null, signal: string | null) => {
    isReady = false;
    // A reaction to `ended` for each question would stay in memory for as long as the worker lives.
    for (const { reject } of asked?.values() ?? []) reject(hasEnded());
    asked = null;
    ended.resolve({ code, signal, reason });
    ready.reject(new OperatorError(reason ?? silentDeath(signal ?? `exit code ${code}`)));
  };

  worker.on('message', (message: unknown) => {
    // Any message proves that the worker is alive, even a late one.
    beats = 0;
    if (isFromWorker(message)) handle(message);
  });
  const handle = (message: FromWorker) => {
    switch (message.kind) {
      case 'ready':
        isReady = true;
        ready.resolve({ url: message.url, decisionsUrl: message.decisionsUrl, redirectUrl: message.redirectUrl });
        break;
      case 'failed':
        reason = message.reason;
        break;
      case 'answer':
        asked?.get(message.id)?.resolve(message.answer);
        break;
      case 'settle-limits':
        tell({ kind: 'limits-settled', id: message.id, grants: settleLimits(String(worker.id), message.reports) });
        break;
      case 'announce-revocation':
        onRevoked(self);
        break;
      case 'beat':
        break;
    }
  };

  worker.once('exit', (code: number | null, signal: string | null) => {
    isReady = false;
    const settle = () => {
      // The last messages may arrive after 'exit', but not after the channel has closed. The 'disconnect' event is not
      // reliable here: Node withholds it while a connection is being handed over.
      if (worker.isConnected()) return void setImmediate(settle);
      closeHandedConnections();
      // For the same reason, Node would keep the worker in its list of listening workers.
      worker.disconnect();
      end(code, signal);
    };
    setImmediate(settle);
  });
  // Without a listener, the limiter's answer to a worker that has just died would crash the primary.
  worker.on('error', (error: unknown) => {
    if (worker.process.pid !== undefined) return;
    reason = `A worker cannot be started: ${error instanceof Error ? error.message : error}.`;
    end(null, null);
  });
  tell({ kind: 'start', ...startData });

  const self: WorkerProcess = {
    id: worker.id,
    pid: worker.process.pid,
    ready: ready.promise,
    get isReady() {
      return isReady;
    },
    ended: ended.promise,
    age: () => performance.now() - bornAt,
    async ask<Q extends Question>(question: Q, ms: number) {
      if (asked === null) throw hasEnded();
      lastId += 1;
      const id = lastId;
      const answer = Promise.withResolvers<Answers[keyof Answers]>();
      asked.set(id, answer);
      tell({ kind: 'question', id, ...question });
      try {
        // The cast holds: a worker answers each question with the type of that question.
        return (await within(ms, answer.promise)) as Answers[Q['about']];
      } finally {
        asked?.delete(id);
      }
    },
    readRevocations: () => tell({ kind: 'read-revocations' }),
    beat() {
      tell({ kind: 'beat' });
      return beats++;
    },
    async stop(shutdown) {
      let isOverdue = false;
      if (isReady) tell({ kind: 'stop', shutdown });
      else kill();
      const timer = setTimeout(() => {
        isOverdue = true;
        kill();
      }, shutdown.timeout + STOP_GRACE);
      const ending = await ended.promise;
      clearTimeout(timer);
      return isOverdue ? 'killed' : ending;
    },
    kill,
  };
  return self;
}

function hasEnded(): Error {
  return new Error('the worker has ended');
}

function silentDeath(how: string): string {
  return `A worker ended before it was ready (${how}): see the lines above; if it was killed, the machine may be out of memory.`;
}
