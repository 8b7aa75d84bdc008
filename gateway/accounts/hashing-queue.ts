import { availableParallelism } from 'node:os';
import { GatewayError } from '../errors.ts';

export interface HashingQueue {
  /**
   * Runs the work when it is its turn. Clients take turns, however much each of them has asked for.
   *
   * @param client whoever asks, such as an address
   * @throws GatewayError 503 when too much is waiting, or its turn has not come in time
   */
  run<T>(client: string, work: () => Promise<T>): Promise<T>;
  /** Checks that wait. */
  readonly waiting: number;
  /** Checks whose turn it is. */
  readonly running: number;
}

export interface HashingLimits {
  /** Hashes at the same time. */
  readonly width: number;
  /** Checks that may wait, in all and of one client. */
  readonly capacity: number;
  readonly perClient: number;
  /** Milliseconds that a check may wait. */
  readonly patience: number;
}

/**
 * Leaves a core to the event loops, and two of libuv's four threads in each process to DNS look-ups and files: under a
 * flood of wrong passwords everything else goes on.
 *
 * The cores are shared by all processes, so of several each gets its part; but one at least, for without a turn it would
 * refuse every password. That may be more than there are cores to spare, and harms little, as these threads give way.
 *
 * @param processes that are this gateway on this machine
 */
export function hashingLimits(processes: number): HashingLimits {
  const spare = Math.floor((availableParallelism() - 1) / processes);
  return { width: Math.max(1, Math.min(2, spare)), capacity: 64, perClient: 8, patience: 5_000 };
}

interface Waiting {
  readonly start: () => void;
}

export function createHashingQueue(limits: HashingLimits): HashingQueue {
  /** In the order in which the clients have their turns. */
  const waiting = new Map<string, Waiting[]>();
  let count = 0;
  let running = 0;

  const next = () => {
    const [first] = waiting;
    if (first === undefined) return;
    const [client, queue] = first;
    const entry = queue.shift();
    waiting.delete(client);
    // Behind all others now.
    if (queue.length > 0) waiting.set(client, queue);
    if (entry === undefined) return;
    count -= 1;
    entry.start();
  };

  const turn = (client: string): Promise<void> => {
    const queue = waiting.get(client) ?? [];
    if (count >= limits.capacity || queue.length >= limits.perClient) throw overload();
    return new Promise((resolve, reject) => {
      const entry = {
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(entry), 1);
        if (queue.length === 0) waiting.delete(client);
        count -= 1;
        reject(overload());
      }, limits.patience);
      queue.push(entry);
      waiting.set(client, queue);
      count += 1;
    });
  };

  return {
    get waiting() {
      return count;
    },
    get running() {
      return running;
    },
    async run(client, work) {
      if (running >= limits.width) await turn(client);
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
        next();
      }
    },
  };
}

function overload(): GatewayError {
  return new GatewayError('service_unavailable', 'too many passwords are being checked', {
    headers: { 'Retry-After': '5' },
  });
}
