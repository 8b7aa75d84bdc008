import type { Act, ActOutcome, Listing, Outage, Use } from '../audit/events.ts';

/** The first line of a history. */
export interface RunLine {
  readonly type: 'run';
  readonly seed: number;
  readonly minutes: number;
  readonly database: 'mariadb' | 'postgres';
  readonly hasRedis: boolean;
  readonly network: string;
}

/** How a credential is sent: a token as Bearer or as the Basic user name, or a password. */
export type Form = 'bearer' | 'basic' | 'password';

/** A request with a credential. `status` is null without an answer within the deadline. */
export interface UsedLine extends Omit<Use, 'status'> {
  readonly type: 'used';
  readonly form: Form;
  readonly status: number | null;
  /** The id of the credential's account, and the one that the upstream got; null: none. */
  readonly owner: string;
  readonly user: string | null;
}

/**
 * A line of a history. All times (`at`, `begun`, `ended`) are milliseconds on the monotonic clock of the process that wrote it,
 * which ran all clients.
 */
export type Line =
  | RunLine
  | { readonly type: 'phase'; readonly at: number; readonly phase: 'faults' | 'quiet' }
  /** An act begins: it is sent to a gateway, or to the database by a command (`operator`). */
  | { readonly type: 'begins'; readonly id: number; readonly at: number; readonly node: string; readonly act: Act }
  | {
      readonly type: 'ends';
      readonly id: number;
      readonly at: number;
      readonly outcome: ActOutcome;
      /** The id of the token that was issued. */
      readonly issued?: string;
      /** The status, or what the command printed. */
      readonly answer: string;
    }
  | UsedLine
  | ({ readonly type: 'listed' } & Listing)
  /** The answer of `/health/ready` at the end of a quiet phase; status null: none. */
  | {
      readonly type: 'ready';
      readonly at: number;
      readonly node: string;
      readonly status: number | null;
      readonly unavailable: readonly string[];
    }
  | { readonly type: 'fault'; readonly id: number; readonly at: number; readonly text: string }
  | { readonly type: 'fault over'; readonly id: number; readonly at: number }
  | { readonly type: 'outage'; readonly id: number; readonly at: number; readonly outage: Outage }
  | { readonly type: 'outage over'; readonly id: number; readonly at: number }
  /** Milliseconds that the clients, and each worker by its process id, have waited for a processor since the last such line. */
  | { readonly type: 'waited'; readonly at: number; readonly ms: Readonly<Record<string, number>> };
