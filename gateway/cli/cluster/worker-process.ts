import cluster from 'node:cluster';
import { OperatorError } from '../../domain/errors.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { within } from '../../stores/database/deadline.ts';
import { watchHandedConnections } from './handed-connections.ts';
import {
  type Answers,
  type Beginning,
  type FromWorker,
  isFromWorker,
  type Question,
  type ToWorker,
} from './messages.ts';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it said itself, where it could not start. */
  readonly reason: string | null;
}

/** A worker, as the primary sees it. */
export interface WorkerProcess {
  /** Never used twice; its lines in the log have it. */
  readonly id: number;
  readonly pid: number | undefined;
  /** Resolves with where it listens. Rejects with an OperatorError when it ends before. */
  readonly ready: Promise<string>;
  readonly isReady: boolean;
  readonly ended: Promise<Ending>;
  /** Milliseconds since it was made. */
  age(): number;
  /** Rejects when it has ended, or has not answered within `ms`. */
  ask<Q extends Question>(question: Q, ms: number): Promise<Answers[Q['about']]>;
  /** Another worker has revoked something. */
  look(): void;
  /** Asks for a sign of life. @returns how many times that was done before, since it was last heard of */
  beat(): number;
  /**
   * Has it end in order.
   *
   * @returns how it ended; `killed` when it had to be, being overdue
   */
  stop(shutdown: Settings['shutdown']): Promise<Ending | 'killed'>;
  kill(): void;
}

/** Milliseconds after the shutdown's timeout before a worker is killed: enough to give up on a stalled reader of the log. */
const STOP_GRACE = 1_500;

/** @param onRevoked is called when this worker has revoked something */
export function forkWorker(beginning: Beginning, onRevoked: (worker: WorkerProcess) => void): WorkerProcess {
  const worker = cluster.fork();
  const closeHandedConnections = watchHandedConnections(worker);
  const bornAt = performance.now();
  const ready = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<Ending>();
  const asked = new Map<number, (answer: Answers[keyof Answers]) => void>();
  let lastId = 0;
  let beats = 0;
  let isReady = false;
  let reason: string | null = null;

  // A message to one that has just died is lost, as it should be. One that could not be made has no channel.
  const tell = (message: ToWorker) => {
    if (worker.isConnected()) worker.send(message, () => {});
  };
  const kill = () => void worker.process.kill('SIGKILL');
  const end = (code: number | null, signal: string | null) => {
    isReady = false;
    ended.resolve({ code, signal, reason });
    ready.reject(new OperatorError(reason ?? silentDeath(signal ?? `exit code ${code}`)));
  };

  worker.on('message', (message: unknown) => {
    // Whatever it says, and however late: it lives.
    beats = 0;
    if (isFromWorker(message)) hear(message);
  });
  const hear = (message: FromWorker) => {
    switch (message.kind) {
      case 'ready':
        isReady = true;
        ready.resolve(message.url);
        break;
      case 'failed':
        reason = message.reason;
        break;
      case 'answer':
        asked.get(message.id)?.(message.answer);
        break;
      case 'revoked':
        onRevoked(self);
        break;
      case 'beat':
        break;
    }
  };

  worker.once('exit', (code: number | null, signal: string | null) => {
    isReady = false;
    const settle = () => {
      // What it said last may arrive after the news of its death, but not after the end of the channel. The event that
      // tells of that end is not to be relied on: Node withholds it while a connection is being handed over.
      if (worker.isConnected()) return void setImmediate(settle);
      closeHandedConnections();
      // For the same reason, Node would go on counting it among those that listen.
      worker.disconnect();
      end(code, signal);
    };
    setImmediate(settle);
  });
  // Without a listener, the throttle's answer to a worker that has just died would end the primary.
  worker.on('error', (error: unknown) => {
    if (worker.process.pid !== undefined) return;
    reason = `A worker cannot be started: ${error instanceof Error ? error.message : error}.`;
    end(null, null);
  });
  tell({ kind: 'start', ...beginning });

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
      lastId += 1;
      const id = lastId;
      // The worker answers what it was asked.
      const answer = new Promise<Answers[Q['about']]>((resolve) => {
        asked.set(id, resolve as (answer: Answers[keyof Answers]) => void);
      });
      tell({ kind: 'question', id, ...question });
      const over = ended.promise.then(() => Promise.reject(new Error('the worker has ended')));
      try {
        return await within(ms, Promise.race([answer, over]));
      } finally {
        asked.delete(id);
      }
    },
    look: () => tell({ kind: 'look' }),
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

function silentDeath(how: string): string {
  return `A worker ended before it was ready (${how}): it may have written why above; where it was killed, the memory may be short.`;
}
