import { type Grant, LEASE, type LimitSize, MARGIN, type Report, ROUNDING } from '../../stores/limits/ledger.ts';

/** How a request may pass without waiting. */
export type AtHand =
  /** By what this process holds ahead. */
  | 'held'
  /** Before it is reported: more is left than all processes together pass in this way. */
  | 'credit'
  /** By this process's share, without the ledger. */
  | 'share';

/** `ask`: the ledger must be asked. */
export type Way = AtHand | 'ask' | 'refuse';

export function isAtHand(way: Way): way is AtHand {
  return way !== 'ask' && way !== 'refuse';
}

/** How this process stands to the ledger. */
export interface Standing {
  /** Whether requests can wait for the ledger. */
  readonly isJoined: boolean;
  /** Changes each time the ledger is lost. */
  readonly outage: number;
  /** The number of processes that share the limits, as far as this one knows. */
  readonly processes: number;
}

/** A request that waits for the ledger. @param passes whether it may pass */
export type Waiter = (passes: boolean) => void;

/** Milliseconds between two questions about a key of which nothing is left. */
const LEAST_PAUSE = 2;
const LONGEST_PAUSE = 1_000;
/** Processes for which credit is divided at least: others may not be known yet. */
const LEAST_PROCESSES = 4;

/** What this process may use of one key of a limit. Times are milliseconds on the scale of `performance.now()`. A class: there are many. */
export class Part {
  readonly key: string;
  readonly size: LimitSize;
  lastUsed = 0;
  waiting: Waiter[] = [];
  isQueued = false;
  isReporting = false;
  #held = 0;
  #heldUntil = 0;
  /** What was held after the last grant. */
  #heldAtFirst = 0;
  #spent = 0;
  #debt = 0;
  /** Debt of a report that has no answer yet. */
  #reportedDebt = 0;
  /** What is left for all, by the last grant; before the first, everything. */
  #left: number;
  #leftAt = 0;
  #sharers = 0;
  #epoch = '';
  /** When one more request is allowed, by the last grant. */
  #allowedAt = 0;
  #askAt = 0;
  #outage = 0;
  /** What is left of this process's share in an outage. */
  #share = 0;
  #sharedBy = 1;
  #shareAt = 0;

  constructor(key: string, size: LimitSize) {
    this.key = key;
    this.size = size;
    this.#left = size.requests;
  }

  /** How the next request may pass. Changes nothing. */
  wayFor(now: number, standing: Standing): Way {
    if (this.#held > 0 && now < this.#heldUntil) return 'held';
    if (!standing.isJoined) {
      this.#refillShare(now, standing);
      return this.#share >= 1 - ROUNDING ? 'share' : 'refuse';
    }
    if (this.#allowedAt === 0) {
      const processes = Math.max(LEAST_PROCESSES, standing.processes);
      const credit = Math.floor((this.size.requests * MARGIN) / processes);
      return this.#debt + this.#reportedDebt < credit ? 'credit' : 'ask';
    }
    return now < this.#askAt ? 'refuse' : 'ask';
  }

  /** Uses one. @returns whether a report is due */
  use(way: AtHand, now: number): boolean {
    this.lastUsed = now;
    if (way === 'held') {
      this.#held -= 1;
      this.#spent += 1;
      return this.#held * 2 <= this.#heldAtFirst;
    }
    if (way === 'share') this.#share -= 1;
    this.#debt += 1;
    return true;
  }

  /** Puts back what requests were let pass by and did not use. @param way of `ask`: they were granted it */
  putBack(way: AtHand | 'ask', count: number, now: number): void {
    if (way === 'credit' || way === 'share') {
      this.#debt -= count;
      if (way === 'share') this.#share += count;
      return;
    }
    if (this.#held === 0) this.#heldUntil = Math.max(this.#heldUntil, now + LEASE / 2);
    this.#held += count;
    this.#spent -= count;
  }

  /** Whether some is held, or was used and is not reported. */
  get isDue(): boolean {
    return this.#held > 0 || this.#spent !== 0 || this.#debt !== 0;
  }

  get holdsSome(): boolean {
    return this.#held > 0;
  }

  /** Whether what it holds must be reported to be kept. */
  mustRenew(now: number): boolean {
    return this.#heldUntil - now < LEASE / 2;
  }

  /** What may still pass in all, and the milliseconds until one more may. */
  remaining(now: number, standing: Standing): { readonly left: number; readonly wait: number } {
    const { requests, per } = this.size;
    if (!standing.isJoined) this.#refillShare(now, standing);
    const left = standing.isJoined ? this.#known(now) - this.#debt - this.#reportedDebt + this.#held : this.#share;
    const whole = Math.floor(Math.max(0, Math.min(left + ROUNDING, requests)));
    if (standing.isJoined && this.#allowedAt > now) return { left: 0, wait: this.#allowedAt - now };
    const rate = requests / per / (standing.isJoined ? 1 : this.#sharedBy);
    return { left: whole, wait: left >= requests ? 0 : Math.max(1, Math.round((whole + 1 - left) / rate)) };
  }

  /** @param keeps whether the process goes on holding what it holds. @param wantsAhead whether it wants more to hold */
  report(now: number, keeps: boolean, wantsAhead: boolean): Report {
    if (now >= this.#heldUntil || !keeps) this.#held = 0;
    const report = {
      key: this.key,
      requests: this.size.requests,
      per: this.size.per,
      spent: this.#spent,
      debt: this.#debt,
      holds: this.#held,
      wants: this.waiting.length,
      wantsAhead: keeps && wantsAhead,
      known: this.#known(now),
      epoch: this.#epoch,
    };
    this.#spent = 0;
    this.#debt = 0;
    this.#reportedDebt = report.debt;
    return report;
  }

  /** @param sentAt when the report was sent */
  take(grant: Grant, sentAt: number, now: number): void {
    this.#reportedDebt = 0;
    this.#left = grant.left;
    this.#leftAt = now;
    this.#sharers = grant.sharers;
    this.#epoch = grant.epoch;
    this.#held += grant.ahead;
    this.#heldAtFirst = this.#held;
    this.#heldUntil = sentAt + LEASE;
    this.#allowedAt = grant.wait === 0 ? 0 : now + grant.wait;
    this.#askAt = now + Math.min(LONGEST_PAUSE, Math.max(LEAST_PAUSE, grant.wait));
  }

  /** The report has no answer: it is due again. */
  takeBack({ spent, debt }: Report): void {
    this.#spent += spent;
    this.#debt += debt;
    this.#reportedDebt = 0;
  }

  /** What is left for all, as far as this process knows. */
  #known(now: number): number {
    const { requests, per } = this.size;
    return Math.min(requests, this.#left + ((now - this.#leftAt) * requests) / per);
  }

  /** Without the ledger, the processes that share a key divide what is left, and what is refilled. */
  #refillShare(now: number, { outage, processes }: Standing): void {
    const { requests, per } = this.size;
    if (this.#outage !== outage) {
      this.#outage = outage;
      this.#sharedBy = this.#sharers === 0 ? processes : this.#sharers;
      const most = Math.max(1, requests / this.#sharedBy);
      this.#share = this.#sharers === 0 ? most : Math.max(0, this.#known(now) - this.#debt) / this.#sharedBy;
    } else {
      const most = Math.max(1, requests / this.#sharedBy);
      this.#share = Math.min(most, this.#share + ((now - this.#shareAt) * requests) / per / this.#sharedBy);
    }
    this.#shareAt = now;
  }
}
