import type { Grant, Ledger, Report } from '../../stores/limits/ledger.ts';
import { isAtHand, type Part, type Standing, type Waiter } from './part.ts';

/** Reports of the parts of limits to the ledger, and what it grants. Without a ledger, nothing is reported. */
export interface Reporting {
  readonly standing: Standing;
  /** Milliseconds, by a clock that is never set. */
  now(): number;
  /** Reports of a part soon, and asks for what its waiting requests need. */
  queue(part: Part): void;
  /** Resolves with whether a request may pass. Without an answer in time, this process's share decides. */
  ask(part: Part): Promise<boolean>;
  /** Gives back what a part holds. */
  giveBack(part: Part): void;
  /** Gives back what all parts hold. Resolves when the ledger has answered. */
  close(): Promise<void>;
}

/** Milliseconds that a request waits for the ledger. */
const DEADLINE = 200;
/** Milliseconds for which no request waits after one has waited in vain, and after the ledger answers again. */
const APART = 1_000;
/** Milliseconds between two attempts at a ledger that does not answer. */
const RETRY = 250;
/** Milliseconds without use after which a part gives back what it holds. */
const IDLE = 1_000;
/** Reports that are sent at once. */
const MOST_REPORTS = 200;
/** Parts that wait for a ledger that is out; what is used of more is not reported. */
const MOST_QUEUED = 200_000;

/**
 * @param ledger null: this process is the only one
 * @param processes of this gateway
 * @param onFailure called each time that the ledger does not answer
 */
export function createReporting(
  ledger: Ledger | null,
  processes: number,
  onFailure: (error: unknown) => void,
  now: () => number,
): Reporting {
  const standing = { isJoined: ledger !== null, outage: ledger === null ? 1 : 0, processes };
  /** Whether the last reports had no answer. */
  let isOut = false;
  let isScheduled = false;
  let queued: Part[] = [];
  /** Parts that may hold some. */
  const holding = new Set<Part>();
  /** Parts to which what they hold is of no use. */
  const givingBack = new Set<Part>();
  const underWay = new Set<Promise<void>>();
  let sweeper: NodeJS.Timeout | undefined;
  let retrying: NodeJS.Timeout | undefined;
  let rejoining: NodeJS.Timeout | undefined;

  const queue = (part: Part) => {
    if (ledger === null || part.isQueued) return;
    if (isOut && queued.length >= MOST_QUEUED) return;
    part.isQueued = true;
    // What is used while a report is under way is reported after it.
    if (part.isReporting) return;
    queued.push(part);
    schedule();
  };

  const schedule = () => {
    if (isOut) {
      retrying ??= setTimeout(flush, RETRY).unref();
    } else if (!isScheduled) {
      isScheduled = true;
      setImmediate(flush);
    }
  };

  const flush = () => {
    isScheduled = false;
    retrying = undefined;
    if (ledger === null || queued.length === 0) return;
    const parts = queued.slice(0, MOST_REPORTS);
    queued = queued.slice(MOST_REPORTS);
    // A ledger that is out gets no more before it has answered.
    if (queued.length > 0 && !isOut) schedule();
    const sent = send(ledger, parts);
    underWay.add(sent);
    void sent.then(() => underWay.delete(sent));
  };

  const send = async (to: Ledger, parts: readonly Part[]) => {
    const sentAt = now();
    const asked = parts.map((part) => {
      part.isQueued = false;
      part.isReporting = true;
      const report = part.report(sentAt, !givingBack.delete(part), standing.isJoined);
      const waiters = part.waiting;
      part.waiting = [];
      return { part, report, waiters };
    });
    const deadline = asked.some(({ waiters }) => waiters.length > 0) ? setTimeout(onLate, DEADLINE, asked) : undefined;
    try {
      const grants = await to.settle(asked.map(({ report }) => report));
      onAnswer();
      asked.forEach((question, index) => {
        const grant = grants[index];
        if (grant !== undefined) take(question, grant, sentAt);
      });
    } catch (error) {
      onFailure(error);
      isOut = true;
      clearTimeout(rejoining);
      leave();
      for (const question of asked) {
        const { part, report } = question;
        part.takeBack(report);
        part.isReporting = false;
        part.isQueued = false;
        decideByShare(question);
        if (part.isDue) queue(part);
      }
    } finally {
      clearTimeout(deadline);
    }
  };

  const take = ({ part, waiters }: Question, grant: Grant, sentAt: number) => {
    const at = now();
    standing.processes = Math.max(standing.processes, grant.sharers);
    part.take(grant, sentAt, at);
    const used = Math.min(waiters.length, grant.granted);
    // Requests that waited in vain have passed by the share of this process.
    if (used < grant.granted) part.putBack('ask', grant.granted - used, at);
    waiters.splice(0).forEach((waiter, index) => {
      waiter(index < used);
    });
    // Requests that began to wait while the report was under way: with what is known now, most need no answer of their own.
    part.waiting = part.waiting.filter((waiter) => !decide(part, waiter, at));
    part.isReporting = false;
    if (part.holdsSome) hold(part);
    const isDueAgain = part.isQueued;
    part.isQueued = false;
    if (isDueAgain) queue(part);
  };

  /** @returns whether the request waits no more */
  const decide = (part: Part, waiter: Waiter, at: number): boolean => {
    const way = part.wayFor(at, standing);
    if (way === 'ask') return false;
    if (isAtHand(way) && part.use(way, at)) queue(part);
    waiter(way !== 'refuse');
    return true;
  };

  const onAnswer = () => {
    if (!isOut) return;
    isOut = false;
    clearTimeout(retrying);
    retrying = undefined;
    // Before the other processes have reported what they used meanwhile, the ledger would grant it again.
    joinLater();
    if (queued.length > 0) schedule();
  };

  /** From now on this process decides by its share. */
  const leave = () => {
    if (standing.isJoined) standing.outage += 1;
    standing.isJoined = false;
  };

  const onLate = (asked: readonly Question[]) => {
    // The answer may have come while the event loop was blocked: it is read before this.
    setImmediate(() => {
      if (asked.every(({ waiters }) => waiters.length === 0)) return;
      leave();
      joinLater();
      asked.forEach(decideByShare);
    });
  };

  const joinLater = () => {
    clearTimeout(rejoining);
    rejoining = setTimeout(() => {
      if (!isOut) standing.isJoined = true;
    }, APART).unref();
  };

  const decideByShare = ({ part, waiters }: Question) => {
    const at = now();
    for (const waiter of [...waiters.splice(0), ...part.waiting.splice(0)]) decide(part, waiter, at);
  };

  const hold = (part: Part) => {
    holding.add(part);
    sweeper ??= setTimeout(sweep, IDLE).unref();
  };

  /** Gives back what is not used, and keeps what is used slowly. */
  const sweep = () => {
    const at = now();
    for (const part of holding) {
      const isIdle = at - part.lastUsed >= IDLE;
      if (isIdle) giveBack(part);
      else if (part.mustRenew(at)) queue(part);
      if (isIdle || !part.holdsSome) holding.delete(part);
    }
    sweeper = holding.size === 0 ? undefined : setTimeout(sweep, IDLE).unref();
  };

  const giveBack = (part: Part) => {
    if (!part.isDue) return;
    queue(part);
    if (part.isQueued) givingBack.add(part);
  };

  return {
    standing,
    now,
    queue,
    giveBack,
    ask: (part) =>
      new Promise((resolve) => {
        part.lastUsed = now();
        part.waiting.push(resolve);
        queue(part);
      }),
    async close() {
      clearTimeout(sweeper);
      clearTimeout(retrying);
      for (const part of holding) giveBack(part);
      if (!isOut) while (queued.length > 0) flush();
      await Promise.all(underWay);
    },
  };
}

/** A report, and the requests that wait for its answer. */
interface Question {
  readonly part: Part;
  readonly report: Report;
  readonly waiters: Waiter[];
}
