import type { Logger } from '../../ops/log.ts';
import { DeliveryFailure, type Letter, type MailTransport } from './letter.ts';

export interface MailQueue {
  /** Queues a letter. If the queue is full or closed, drops and logs it. */
  add(letter: Letter): void;
  /**
   * Tries the waiting letters once more, and drops those that are not delivered within `grace` milliseconds. Resolves when no
   * delivery is running.
   */
  close(grace: number): Promise<void>;
}

export interface QueueLimits {
  /** Maximum number of waiting letters and running deliveries. */
  readonly capacity: number;
  /** Maximum number of concurrent deliveries. */
  readonly width: number;
  /** Milliseconds from the first failure to the next attempt; doubles with each failure. */
  readonly firstPause: number;
  /** Milliseconds after which a failing letter is dropped. */
  readonly patience: number;
}

interface QueuedLetter {
  readonly letter: Letter;
  readonly since: number;
  tries: number;
}

/** Sends letters in the background, in order except for retries. Keeps them in memory only. */
export function createMailQueue(transport: MailTransport, limits: QueueLimits, log: Logger): MailQueue {
  const due: QueuedLetter[] = [];
  const paused = new Map<QueuedLetter, NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();
  const giveUp = new AbortController();
  let isClosed = false;

  const start = () => {
    while (underWay.size < limits.width) {
      const queued = due.shift();
      if (queued === undefined) return;
      const sending = send(queued).finally(() => {
        underWay.delete(sending);
        start();
      });
      underWay.add(sending);
    }
  };

  const send = async (queued: QueuedLetter): Promise<void> => {
    const { letter, since } = queued;
    queued.tries += 1;
    try {
      await transport.deliver(letter, giveUp.signal);
      log.info({ ...nameOf(letter), tries: queued.tries }, 'mail sent');
    } catch (error) {
      const mayLeave = !(error instanceof DeliveryFailure) || error.isTemporary;
      const cause = error instanceof Error ? error.message : String(error);
      const line = { fault: 'mail', ...nameOf(letter), tries: queued.tries, cause };
      if (!mayLeave || isClosed || performance.now() - since >= limits.patience) {
        return log.error(line, 'mail dropped');
      }
      const pause = limits.firstPause * 2 ** (queued.tries - 1);
      log.warn({ ...line, pause }, 'mail not sent; will be retried');
      paused.set(queued, setTimeout(resume, pause, queued));
    }
  };

  const resume = (queued: QueuedLetter) => {
    clearTimeout(paused.get(queued));
    paused.delete(queued);
    due.push(queued);
    start();
  };

  return {
    add(letter) {
      const line = { fault: 'mail', ...nameOf(letter), tries: 0 };
      if (isClosed) return log.error({ ...line, cause: 'the gateway is closing' }, 'mail dropped');
      if (due.length + paused.size + underWay.size >= limits.capacity) {
        return log.error({ ...line, cause: `${limits.capacity} mails are waiting` }, 'mail dropped');
      }
      due.push({ letter, since: performance.now(), tries: 0 });
      start();
    },

    async close(grace) {
      isClosed = true;
      for (const queued of [...paused.keys()]) resume(queued);
      const timer = setTimeout(() => giveUp.abort(), grace);
      while (underWay.size > 0) await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}

/** Identifies a mail in the log: its id, and only the domain of the address. */
function nameOf({ id, to }: Letter): { mail: string; domain: string } {
  return { mail: id, domain: to.slice(to.lastIndexOf('@') + 1) };
}
