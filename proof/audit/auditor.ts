import {
  type Act,
  type ActOutcome,
  BOUNDS,
  type Bounds,
  type Listing,
  type Outage,
  type Rule,
  type Use,
  type Violation,
} from './events.ts';
import { createJudge } from './judge.ts';
import { trackOutages } from './outages.ts';
import { createTruth } from './truth.ts';

/**
 * Knows what the gateway was asked to do, and judges its answers. Events are told in the order in which they happen, an answer
 * when it has arrived. All times are milliseconds on one clock.
 */
export interface Auditor {
  /** @param node that is asked @returns the act, for `ends` */
  begins(act: Act, node: string, at: number): number;
  /** @param issued the name of the token or session of an `issue` or a `log in` that is acknowledged */
  ends(id: number, outcome: ActOutcome, at: number, issued?: string): void;
  used(use: Use): void;
  listed(listing: Listing): void;
  /** @returns the outage, for `outageEnds` */
  outageBegins(outage: Outage, at: number): number;
  outageEnds(id: number, at: number): void;
  /** The database has lost what was committed after `since`. Tell the outage `lost history` too. */
  lost(since: number, at: number): void;
  /** No running process and no Redis knew this act when the database lost it. */
  forgets(act: number): void;
  /** This token is not used any more. */
  retires(token: string): void;
  /** Something that the auditor cannot see was found wrong. */
  reports(rule: Rule, at: number, text: string): void;
  readonly violations: readonly Violation[];
  /** How often each kind of event was told. */
  readonly counts: Readonly<Record<string, number>>;
}

export function createAuditor(bounds: Bounds = BOUNDS): Auditor {
  const violations: Violation[] = [];
  const violated = (rule: Rule, at: number, text: string) =>
    void violations.push({ rule, at, text: `${rule}: ${text}` });
  const truth = createTruth(bounds);
  const outages = trackOutages();
  const judge = createJudge(truth, outages, bounds, violated);
  const counts: Record<string, number> = {};
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  let acts = 0;

  return {
    begins(act, node, at) {
      acts += 1;
      truth.begins(acts, act, node, at);
      return acts;
    },
    ends(id, outcome, at, issued) {
      const act = truth.ends(id, outcome, at, issued);
      const kind = act.kind === 'ending' ? act.ending.kind : act.kind;
      count(`${kind} ${outcome}`);
      if (outcome === 'unknown' && !judge.mayFail(act, at))
        violated(
          'unavailable without an outage',
          at,
          `${kind} at ${act.node}, asked for at ${Math.round(act.begun)} ms`,
        );
    },
    used(use) {
      count(`${use.credential.kind} ${use.status}`);
      judge.used(use);
    },
    listed(listing) {
      count('listed');
      judge.listed(listing);
    },
    outageBegins: outages.begins,
    outageEnds: outages.ends,
    lost: truth.lost,
    forgets: truth.forgets,
    retires: truth.retires,
    reports: violated,
    violations,
    counts,
  };
}
