import type { Gateway } from '../../compose/ops-listener.ts';
import type { Failures } from '../../ops/console/failures.ts';
import type { Readiness } from '../../ops/health.ts';
import type { Snapshot } from '../../ops/metrics/total.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import type { Grant, Report } from '../../stores/limits/ledger.ts';

/** The data with which a worker starts. */
export interface StartData {
  /** The path of the configuration as the operator gave it; used in messages only. */
  readonly file: string;
  /** Includes the secrets that all workers share. */
  readonly settings: Settings;
  /** The number of workers. */
  readonly count: number;
  /** 32 random bytes for the keys of TLS session tickets, so that a session goes on at any worker. */
  readonly ticketSecret: Uint8Array;
}

/** Where a worker listens. */
export type Listening = Pick<Gateway, 'url' | 'decisionsUrl' | 'redirectUrl'>;

/** The answer to each question of the primary. */
export interface Answers {
  readonly readiness: Readiness;
  readonly metrics: Snapshot;
  readonly failures: Failures;
  /** Why the worker rejected the new settings; null when it applied them. */
  readonly reload: string | null;
}

export type Question =
  | { readonly about: 'readiness' }
  | { readonly about: 'metrics' }
  | { readonly about: 'failures' }
  | { readonly about: 'reload'; readonly settings: Settings };

/** What a worker does once its service runs. */
export type Order =
  | ({ readonly kind: 'question'; readonly id: number } & Question)
  /** Another worker has revoked something. */
  | { readonly kind: 'read-revocations' }
  | { readonly kind: 'stop'; readonly shutdown: Settings['shutdown'] };

export type ToWorker =
  | ({ readonly kind: 'start' } & StartData)
  /** The worker answers with a beat of its own. */
  | { readonly kind: 'beat' }
  /** The answer to `settle-limits`. */
  | { readonly kind: 'limits-settled'; readonly id: number; readonly grants: readonly Grant[] }
  | Order;

export type FromWorker =
  | ({ readonly kind: 'ready' } & Listening)
  /** The worker cannot start, and exits. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers] }
  /** The worker has revoked something; the primary tells the others to read revocations. */
  | { readonly kind: 'announce-revocation' }
  /** The worker reports what it has used of limits; the primary counts for all workers. */
  | { readonly kind: 'settle-limits'; readonly id: number; readonly reports: readonly Report[] }
  /** The worker's event loop is not blocked. */
  | { readonly kind: 'beat' };

// rate-limiter-flexible sends its own messages over the same channel.

export function isFromPrimary(message: unknown): message is ToWorker {
  return hasKind(message);
}

export function isFromWorker(message: unknown): message is FromWorker {
  return hasKind(message);
}

function hasKind(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
