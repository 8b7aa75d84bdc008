import { AHEAD, type Grant, LEASE, type LimitSize, MARGIN, PRESENCE, type Report, ROUNDING } from './ledger.ts';

/** What the ledger knows of one key. Times are milliseconds of the ledger's clock. */
export interface Entry {
  readonly epoch: string;
  /** What neither is used nor held. */
  left: number;
  refilledAt: number;
  readonly holders: Map<string, Holder>;
}

interface Holder {
  readonly held: number;
  readonly heldUntil: number;
  readonly presentUntil: number;
}

/**
 * Settles a report with the entry of its key. `REDIS_SETTLE` does the same in Redis; a test compares the two.
 *
 * Left and held together never exceed the limit: a process that holds some ahead adds nothing to what may pass at once. Where
 * nothing is left, requests may pass in place of those that others hold, but no more than `MARGIN` of the limit, so that nobody is
 * refused for what an idle process holds.
 *
 * @param entry undefined: the ledger does not know the key; it is full, or was lost
 */
export function settle(entry: Entry | undefined, report: Report, holder: string, now: number): [Entry, Grant] {
  const { requests, per, holds, wants } = report;
  const one = entry ?? {
    epoch: `${holder} ${now}`,
    left: requests,
    refilledAt: now,
    holders: new Map<string, Holder>(),
  };
  for (const [id, { presentUntil }] of one.holders) if (presentUntil <= now) one.holders.delete(id);
  refill(one, report, heldIn(one, null, now), now);
  // The ledger has lost the key: what the process knows of it is nearer to the truth.
  if (report.epoch !== '' && report.epoch !== one.epoch) one.left = Math.min(one.left, report.known);

  const before = one.holders.get(holder);
  if (before !== undefined && before.heldUntil > now) one.left += before.held - report.spent - holds;
  one.left = Math.max(-2 * MARGIN * requests, one.left - report.debt);

  const others = heldIn(one, holder, now);
  const margin = Math.floor(requests * MARGIN);
  const overdraft = Math.min(others, margin);
  const granted = Math.max(0, Math.min(wants, Math.floor(one.left + overdraft + ROUNDING)));
  one.left -= granted;
  const room = Math.ceil((margin - others - holds) / 2);
  const ahead = report.wantsAhead ? Math.max(0, Math.min(room, Math.floor(one.left * AHEAD))) : 0;
  one.left -= ahead;
  one.holders.set(holder, { held: holds + ahead, heldUntil: now + LEASE, presentUntil: now + PRESENCE });

  const missing = 1 - ROUNDING - one.left - overdraft;
  const wait = missing <= 0 ? 0 : (missing * per) / requests;
  return [one, { granted, ahead, left: one.left, wait, sharers: one.holders.size, epoch: one.epoch }];
}

function refill(entry: Entry, { requests, per }: LimitSize, held: number, now: number): void {
  const refilled = entry.left + (Math.max(0, now - entry.refilledAt) * requests) / per;
  entry.left = Math.max(entry.left, Math.min(refilled, requests - held));
  entry.refilledAt = now;
}

/** What is held by all but one. @param but null: by all */
function heldIn({ holders }: Entry, but: string | null, now: number): number {
  let sum = 0;
  for (const [id, { held, heldUntil }] of holders) if (id !== but && heldUntil > now) sum += held;
  return sum;
}
