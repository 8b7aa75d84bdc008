import { type AccountTruth, accountTruth, beginChange, type Ending, issuesEndedBy, loseHistory } from './accounts.ts';
import type { Act, ActOutcome, Bounds, EndingAct } from './events.ts';
import type { Change } from './timeline.ts';

/** A token or session, and what may have ended it. */
export interface Issued {
  readonly account: string;
  readonly isSession: boolean;
  readonly begun: number;
  readonly ended: number;
  /** Acts that may have ended it. */
  readonly maybe: Set<Ending>;
  /** Acts that have ended it, acknowledged. */
  readonly certain: Set<Ending>;
  /** Until then, a node may refuse it because it knows the account as it was before. */
  staleUntil: number;
  /** When processes have refused it for good. */
  readonly refusedBy: Map<string, number>;
  /** The database may have lost its record. */
  isRecordLost: boolean;
}

/** An act that has not ended. */
export type OpenAct = { readonly node: string; readonly begun: number } & (
  | { readonly kind: 'issue' | 'log in'; readonly account: string; readonly maybe: Set<Ending> }
  | { readonly kind: 'add' | 'groups'; readonly account: string; readonly change: Change }
  | {
      readonly kind: 'ending';
      readonly ending: Ending;
      readonly token: string | null;
      readonly account: string | null;
      readonly change: Change | null;
    }
);

/** What was asked, and what may have come of it. */
export interface Truth {
  begins(id: number, act: Act, node: string, at: number): void;
  ends(id: number, outcome: ActOutcome, at: number, issued: string | undefined): OpenAct;
  lost(since: number, at: number): void;
  forgets(id: number): void;
  retires(token: string): void;
  account(name: string): AccountTruth;
  issued(name: string): Issued | undefined;
  issuedTo(account: string): Iterable<[string, Issued]>;
}

export function createTruth(bounds: Bounds): Truth {
  const accounts = new Map<string, AccountTruth>();
  const issued = new Map<string, Issued>();
  const byAccount = new Map<string, Map<string, Issued>>();
  const open = new Map<number, OpenAct>();
  const endings = new Map<number, Ending>();
  const never = Number.POSITIVE_INFINITY;

  const account = (name: string): AccountTruth => {
    const found = accounts.get(name);
    if (found === undefined) throw new Error(`the account ${name} was not added`);
    return found;
  };
  const issuedTo = (name: string): Map<string, Issued> => byAccount.get(name) ?? new Map();
  /** Everything that an act on this account may end, also what is being issued. */
  const endable = (name: string): { readonly maybe: Set<Ending> }[] => [
    ...issuedTo(name).values(),
    ...[...open.values()].flatMap((one) => ('maybe' in one && one.account === name ? [one] : [])),
  ];

  const beginEnding = (id: number, act: EndingAct, node: string, at: number): OpenAct => {
    const ending: Ending = {
      kind: act.kind,
      node,
      begun: at,
      acknowledged: never,
      issuedBefore: never,
      isForgotten: false,
    };
    endings.set(id, ending);
    const common = { kind: 'ending', node, begun: at, ending } as const;
    if (act.kind === 'revoke') {
      issued.get(act.token)?.maybe.add(ending);
      return { ...common, token: act.token, account: null, change: null };
    }
    const truth = account(act.account);
    truth.endings.add(ending);
    for (const one of endable(act.account)) one.maybe.add(ending);
    const change = beginChange(truth, act, at);
    if (change !== null) truth.staleUntil = never;
    return { ...common, token: null, account: act.account, change };
  };

  const endChange = (change: Change, outcome: ActOutcome, at: number) => {
    if (outcome === 'acknowledged') change.acknowledged(at);
    else if (outcome === 'refused') change.refused();
    else change.unknown(at + bounds.unknown);
  };

  const endEnding = (id: number, act: Extract<OpenAct, { kind: 'ending' }>, outcome: ActOutcome, at: number) => {
    const { ending, token } = act;
    if (act.account !== null && act.change !== null) {
      endChange(act.change, outcome, at);
      const until = at + bounds.known + bounds.cache + (outcome === 'unknown' ? bounds.unknown : 0);
      const truth = account(act.account);
      truth.staleUntil = Number.isFinite(truth.staleUntil) ? Math.max(truth.staleUntil, until) : until;
      for (const one of issuedTo(act.account).values()) if (one.staleUntil === never) one.staleUntil = until;
    }
    if (outcome === 'refused') {
      endings.delete(id);
      if (token !== null) issued.get(token)?.maybe.delete(ending);
      if (act.account === null) return;
      account(act.account).endings.delete(ending);
      for (const one of endable(act.account)) one.maybe.delete(ending);
      return;
    }
    const isAcknowledged = outcome === 'acknowledged';
    ending.issuedBefore = issuesEndedBy(ending, at, isAcknowledged, bounds);
    if (!isAcknowledged) return;
    ending.acknowledged = at;
    const ended = act.account === null ? [issued.get(token ?? '')] : issuedTo(act.account).values();
    for (const one of ended) if (one !== undefined && one.ended < ending.begun) one.certain.add(ending);
  };

  const beginIssue = (kind: 'issue' | 'log in', name: string, node: string, at: number): OpenAct => {
    const maybe = new Set<Ending>();
    const truth = account(name);
    for (const ending of truth.endings) {
      if (ending.issuedBefore > at) maybe.add(ending);
      // A loss can bring the account back as it was before the act.
      else if (ending.issuedBefore < at - KEPT) truth.endings.delete(ending);
    }
    return { kind, account: name, maybe, node, begun: at };
  };

  return {
    account,
    issued: (name) => issued.get(name),
    issuedTo,
    begins(id, act, node, at) {
      switch (act.kind) {
        case 'add':
          accounts.set(act.account, accountTruth(act));
          open.set(id, {
            kind: 'add',
            account: act.account,
            change: account(act.account).exists.begins(true, at),
            node,
            begun: at,
          });
          return;
        case 'issue':
        case 'log in':
          open.set(id, beginIssue(act.kind, act.account, node, at));
          return;
        case 'groups': {
          const change = account(act.account).groups.begins(act.groups, at);
          open.set(id, { kind: 'groups', account: act.account, change, node, begun: at });
          return;
        }
        case 'revoke':
        case 'revoke all':
        case 'password':
        case 'confirm':
        case 'unconfirm':
        case 'remove':
          open.set(id, beginEnding(id, act, node, at));
      }
    },
    ends(id, outcome, at, name) {
      const act = open.get(id);
      if (act === undefined) throw new Error(`the act ${id} has not begun, or has ended`);
      open.delete(id);
      if (act.kind === 'ending') endEnding(id, act, outcome, at);
      else if ('change' in act) endChange(act.change, outcome, at);
      else if (name !== undefined && outcome === 'acknowledged') {
        const one: Issued = {
          ...{ account: act.account, isSession: act.kind === 'log in', begun: act.begun, ended: at, maybe: act.maybe },
          ...{ certain: new Set(), refusedBy: new Map(), isRecordLost: false },
          staleUntil: account(act.account).staleUntil,
        };
        issued.set(name, one);
        byAccount.set(act.account, issuedTo(act.account).set(name, one));
      }
      return act;
    },
    lost(since, at) {
      for (const one of issued.values()) if (one.ended > since) one.isRecordLost = true;
      for (const [name, truth] of accounts) {
        if (!loseHistory(truth, since, at, bounds)) continue;
        for (const one of issuedTo(name).values()) {
          // A process that saw the changed account, and not yet the revocation, sees the account as it was again.
          one.refusedBy.clear();
          // What was issued in between was issued to the account as it is no longer.
          if (one.ended > since) for (const ending of truth.endings) one.maybe.add(ending);
        }
      }
    },
    forgets(id) {
      const ending = endings.get(id);
      if (ending !== undefined) ending.isForgotten = true;
    },
    retires(token) {
      byAccount.get(issued.get(token)?.account ?? '')?.delete(token);
      issued.delete(token);
    },
  };
}

/** Milliseconds for which acts are kept that a loss may concern. */
const KEPT = 300_000;
