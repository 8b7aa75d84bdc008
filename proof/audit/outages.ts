import type { Outage, OutageKind } from './events.ts';

interface Period {
  readonly outage: Outage;
  readonly from: number;
  /** Infinity: it goes on. */
  to: number;
}

/** The outages, as far back as events are judged. */
export interface Outages {
  begins(outage: Outage, at: number): number;
  ends(id: number, at: number): void;
  /** Whether the node had such an outage at some time in the period. */
  within(kind: OutageKind, node: string, from: number, to: number): boolean;
  /** Whether a history without what was committed at `moment` was in use at some time in the period. */
  lost(moment: number, from: number, to: number): boolean;
}

/** Milliseconds after its end until an outage is forgotten. */
const KEPT = 120_000;

export function trackOutages(): Outages {
  const periods = new Map<number, Period>();
  let next = 0;
  const some = (from: number, to: number, applies: (outage: Outage) => boolean): boolean => {
    for (const period of periods.values()) {
      if (period.from <= to && period.to >= from && applies(period.outage)) return true;
    }
    return false;
  };

  return {
    begins(outage, at) {
      for (const [id, { to }] of periods) if (to < at - KEPT) periods.delete(id);
      next += 1;
      periods.set(next, { outage, from: at, to: Number.POSITIVE_INFINITY });
      return next;
    },
    ends(id, at) {
      const period = periods.get(id);
      if (period !== undefined) period.to = at;
    },
    within: (kind, node, from, to) =>
      some(from, to, (outage) => outage.kind === kind && (outage.node === null || outage.node === node)),
    lost: (moment, from, to) => some(from, to, (outage) => outage.kind === 'lost history' && moment >= outage.since),
  };
}
