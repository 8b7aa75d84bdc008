import type { Act, Bounds, EndingAct } from './events.ts';
import { type Change, type Timeline, timeline } from './timeline.ts';

/** An act that ends credentials. */
export interface Ending {
  readonly kind: EndingAct['kind'];
  /** The node that was asked. */
  readonly node: string;
  readonly begun: number;
  /** When it was acknowledged; Infinity: it was not. */
  acknowledged: number;
  /** It may end credentials whose issue began before this moment. */
  issuedBefore: number;
  /** Nothing that runs knew it when the database lost it: docs/outages.md promises nothing then. */
  isForgotten: boolean;
}

/** What may be true of an account. */
export interface AccountTruth {
  readonly exists: Timeline<boolean>;
  readonly confirmed: Timeline<boolean>;
  readonly password: Timeline<string>;
  readonly groups: Timeline<readonly string[]>;
  /** Acts that may end credentials that are issued now. */
  readonly endings: Set<Ending>;
  /** Until then, a node may know the account as it was before a change, and refuse what was issued after it. */
  staleUntil: number;
}

export function accountTruth({ password, confirmed }: Extract<Act, { kind: 'add' }>): AccountTruth {
  return {
    exists: timeline(false),
    confirmed: timeline(confirmed),
    password: timeline(password),
    groups: timeline<readonly string[]>([]),
    endings: new Set(),
    staleUntil: Number.NEGATIVE_INFINITY,
  };
}

/** @returns null: the act changes no account */
export function beginChange(account: AccountTruth, act: EndingAct, at: number): Change | null {
  switch (act.kind) {
    case 'password':
      return account.password.begins(act.password, at);
    case 'confirm':
    case 'unconfirm':
      return account.confirmed.begins(act.kind === 'confirm', at);
    case 'remove':
      return account.exists.begins(false, at);
    case 'revoke':
    case 'revoke all':
      return null;
  }
}

/** The issues that an act which ended at `at` may still end: a node that knows the old account binds tokens to it. */
export function issuesEndedBy({ kind }: Ending, at: number, isAcknowledged: boolean, bounds: Bounds): number {
  if (!isAcknowledged) return at + bounds.unknown + bounds.cache;
  return kind === 'revoke all' ? at : at + bounds.known + bounds.cache;
}

/**
 * The history after `since` is lost at `at`: the account may be as it was, and nodes may know it as it was in between.
 *
 * @returns whether it may have changed
 */
export function loseHistory(account: AccountTruth, since: number, at: number, bounds: Bounds): boolean {
  for (const line of [account.exists, account.confirmed, account.password, account.groups]) line.lost(since);
  const lost = [...account.endings].filter(({ acknowledged }) => acknowledged > since);
  for (const ending of lost) ending.issuedBefore = Math.max(ending.issuedBefore, at + bounds.unknown + bounds.cache);
  if (lost.length > 0) account.staleUntil = Math.max(account.staleUntil, at + bounds.known + bounds.cache);
  return lost.length > 0;
}
