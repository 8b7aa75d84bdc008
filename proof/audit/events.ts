/** What somebody asks of the gateway that changes what is accepted. */
export type Act =
  | { readonly kind: 'add'; readonly account: string; readonly password: string; readonly confirmed: boolean }
  /** Issues a token, or starts a session of the pages. */
  | { readonly kind: 'issue' | 'log in'; readonly account: string }
  | { readonly kind: 'groups'; readonly account: string; readonly groups: readonly string[] }
  | EndingAct;

/** Those that end credentials. */
export type EndingAct =
  /** Revokes one token by its id. */
  | { readonly kind: 'revoke'; readonly token: string }
  /** Revokes all tokens and sessions of the account. */
  | { readonly kind: 'revoke all'; readonly account: string }
  /** Each of these revokes them too. */
  | { readonly kind: 'password'; readonly account: string; readonly password: string }
  | { readonly kind: 'confirm' | 'unconfirm' | 'remove'; readonly account: string };

/**
 * `acknowledged`: it has happened. `refused`: it has certainly had no effect, as of a token that is unknown or an account that
 * is confirmed already. `unknown`: a 503, or no answer: it may have happened, or happen soon.
 */
export type ActOutcome = 'acknowledged' | 'refused' | 'unknown';

export type Credential =
  /** A token or a session, by the name that the end of its act gave. */
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'password'; readonly account: string; readonly password: string };

/** A request with a credential, and the status of its answer. Times are milliseconds on the clock of the auditor. */
export interface Use {
  /** By name; two processes of one gateway are two nodes. */
  readonly node: string;
  /** A process from its start to its end: what it knows dies with it. */
  readonly process: string;
  readonly credential: Credential;
  /** The group that the route requires; null: none. */
  readonly group: string | null;
  readonly status: number;
  readonly begun: number;
  readonly ended: number;
}

/** The answer to a request for all live tokens of an account. */
export interface Listing {
  readonly node: string;
  readonly account: string;
  readonly tokens: readonly string[];
  readonly begun: number;
  readonly ended: number;
}

/**
 * What excuses answers (docs/outages.md). `database`, `redis`: the node cannot use it, or only at times. `process`: the node is
 * paused, dead or starts. `writes`: what changes something is refused or waits, as by a server that only reads, or behind a
 * transaction whose client is gone. `lost history`: a failover or a restore has lost what was committed after `since`, and it may not
 * yet be restored.
 */
export type Outage =
  | { readonly kind: OutageKind; readonly node: string | null }
  | { readonly kind: 'lost history'; readonly since: number };

export type OutageKind = 'database' | 'redis' | 'process' | 'writes';

export interface Violation {
  readonly rule: Rule;
  readonly at: number;
  /** One line: what was answered, and what contradicts it. */
  readonly text: string;
}

export type Rule =
  | 'accepted after a revocation'
  | 'accepted again'
  | 'accepted although the account forbids it'
  | 'refused what stands'
  | 'unavailable without an outage'
  | 'listed although revoked'
  | 'not listed'
  | 'unexpected status'
  | 'not recovered';

/** The documented bounds. All in milliseconds. */
export interface Bounds {
  /** From the acknowledgement until every node knows, with at most one store out. */
  readonly known: number;
  /** `accounts.cache`: how long a node without the database may go on with an account. */
  readonly cache: number;
  /** After an outage, until requests are answered again: the timeouts of what was under way, and the next attempt. */
  readonly recovery: number;
  /** After an act of unknown outcome, until it has happened or never will. */
  readonly unknown: number;
}

/** Those of the default settings. */
export const BOUNDS: Bounds = { known: 2_000, cache: 5_000, recovery: 5_000, unknown: 10_000 };
