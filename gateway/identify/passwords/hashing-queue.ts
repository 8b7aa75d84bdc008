import { GatewayError } from '../../domain/errors.ts';

export interface HashingQueue {
  /**
   * Runs the work in turn. Clients take turns (round robin), regardless of how many checks each has queued.
   *
   * @param client the sender, such as an address
   * @throws GatewayError 503 with `Retry-After` when the turn does not come in time, or cannot
   */
  run<T>(client: string, work: () => Promise<T>): Promise<T>;
  /** The number of waiting checks. */
  readonly waiting: number;
  /** The number of running checks. */
  readonly running: number;
  /** Refuses all waiting checks. */
  close(): void;
}

export interface HashingLimits {
  /** The number of concurrent hashes, from `hashing-threads.ts`. */
  readonly width: number;
  /** The maximum number of waiting checks; bounds their memory. */
  readonly capacity: number;
  /** The maximum wait of a check in milliseconds. */
  readonly patience: number;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: () => void;
}

/** The weight of the newest duration in the moving average. */
const WEIGHT = 0.1;
/** Seconds; a longer estimate would be unreliable. */
const LONGEST_RETRY = 120;

/**
 * A queue in which clients take turns. Refuses a check at once if, by the duration of recent checks, its turn cannot come
 * within `patience`.
 */
export function createHashingQueue({ width, capacity, patience }: HashingLimits): HashingQueue {
  /** By client, in the order of their turns. */
  const waiting = new Map<string, Waiting[]>();
  let count = 0;
  let running = 0;
  /** Milliseconds, a moving average; null before the first measurement, when no check is refused for time. */
  let duration: number | null = null;
  /** Checks refused since the queue was last empty. Their clients will retry, so each gets a later `Retry-After`. */
  let refused = 0;

  /** Milliseconds until a check starts that has `ahead` checks before it. */
  const waitBehind = (ahead: number) => ((ahead + 1) * (duration ?? 0)) / width;

  /** The number of waiting checks that run before a new check of the client: at most as many of each other client. */
  const aheadOf = (client: string): number => {
    const own = waiting.get(client)?.length ?? 0;
    let ahead = own;
    for (const [other, queue] of waiting) if (other !== client) ahead += Math.min(queue.length, own + 1);
    return ahead;
  };

  const overload = (client: string): GatewayError => {
    refused += 1;
    // Half of `patience` earlier than estimated, so that an overestimate does not leave the queue empty.
    const seconds = Math.ceil((waitBehind(aheadOf(client) + refused) - patience / 2) / 1000);
    return new GatewayError('service_unavailable', 'too many passwords are being checked', {
      headers: { 'Retry-After': String(Math.min(Math.max(seconds, 1), LONGEST_RETRY)) },
    });
  };

  const remove = (client: string, queue: Waiting[], entry: Waiting) => {
    queue.splice(queue.indexOf(entry), 1);
    if (queue.length === 0) waiting.delete(client);
    count -= 1;
    if (count === 0) refused = 0;
  };

  /** Makes room by refusing the last check of the client with the longest queue. @returns whether there is room now */
  const hasRoomFor = (client: string): boolean => {
    if (count < capacity) return true;
    let longest: Waiting[] = [];
    for (const queue of waiting.values()) if (queue.length > longest.length) longest = queue;
    if (longest.length <= (waiting.get(client)?.length ?? 0) + 1) return false;
    longest.at(-1)?.refuse();
    return true;
  };

  /** Starts the next check after one has finished. */
  const startNext = () => {
    const [first] = waiting;
    if (first === undefined) {
      running -= 1;
      return;
    }
    const [client, queue] = first;
    queue[0]?.start();
    // Moves the client to the end.
    if (queue.length === 0) return;
    waiting.delete(client);
    waiting.set(client, queue);
  };

  const turn = (client: string): Promise<void> => {
    // Skips the scan if the turn comes in time even after all waiting checks.
    const isInTime = waitBehind(count) <= patience || waitBehind(aheadOf(client)) <= patience;
    if (!isInTime || !hasRoomFor(client)) throw overload(client);
    const queue = waiting.get(client) ?? [];
    waiting.set(client, queue);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        clearTimeout(timer);
        remove(client, queue, entry);
        settle();
      };
      const entry = { start: end(resolve), refuse: end(() => reject(overload(client))) };
      const timer = setTimeout(entry.refuse, patience);
      queue.push(entry);
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
      if (running < width) running += 1;
      else await turn(client);
      const begun = performance.now();
      try {
        return await work();
      } finally {
        const took = performance.now() - begun;
        duration = duration === null ? took : duration + WEIGHT * (took - duration);
        startNext();
      }
    },
    close() {
      for (const queue of [...waiting.values()]) for (const entry of [...queue]) entry.refuse();
    },
  };
}
