import type { Readiness } from '../../ops/health.ts';
import type { Snapshot } from '../../ops/metrics/total.ts';
import type { Settings } from '../../settings/schema/settings.ts';

/** The data with which a worker starts. */
export interface Beginning {
  /** The configuration, as the operator named it: for messages alone. */
  readonly file: string;
  /** With every secret that all workers must share. */
  readonly settings: Settings;
  /** How many workers there are. */
  readonly count: number;
}

/** What the primary asks a worker about, and gets from it. */
export interface Answers {
  readonly readiness: Readiness;
  readonly metrics: Snapshot;
  /** Why the new settings were not taken over; null when they were. */
  readonly reload: string | null;
}

export type Question =
  | { readonly about: 'readiness' }
  | { readonly about: 'metrics' }
  | { readonly about: 'reload'; readonly settings: Settings };

export type ToWorker =
  | ({ readonly kind: 'start' } & Beginning)
  | ({ readonly kind: 'question'; readonly id: number } & Question)
  /** Something has been revoked, by another worker. */
  | { readonly kind: 'look' }
  /** Asks for a sign of life. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'stop'; readonly shutdown: Settings['shutdown'] };

export type FromWorker =
  | { readonly kind: 'ready'; readonly url: string }
  /** It cannot start, and ends. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly kind: 'revoked' }
  /** It lives: its event loop goes round. */
  | { readonly kind: 'beat' };

// The throttle's library sends messages of its own over the same channel.

export function isFromPrimary(message: unknown): message is ToWorker {
  return hasKind(message);
}

export function isFromWorker(message: unknown): message is FromWorker {
  return hasKind(message);
}

function hasKind(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
