import type { Logger } from '../../ops/log.ts';

/** Milliseconds between two lines of one kind. */
const INTERVAL = 60_000;

/** Writes a warning of a kind. A line that counts those that were left out since then has `othersSinceLastLine`. */
export type WriteRarely<Kind extends string> = (kind: Kind, fields: object, message: string) => void;

/** Writes a line a minute at most of each kind: any client can cause them. */
export function rarely<Kind extends string>(log: Logger): WriteRarely<Kind> {
  const kinds = new Map<Kind, { nextAt: number; unreported: number }>();
  return (kind, fields, message) => {
    const now = performance.now();
    const { nextAt, unreported } = kinds.get(kind) ?? { nextAt: 0, unreported: 0 };
    if (now < nextAt) {
      kinds.set(kind, { nextAt, unreported: unreported + 1 });
      return;
    }
    kinds.set(kind, { nextAt: now + INTERVAL, unreported: 0 });
    log.warn({ ...fields, ...(unreported > 0 && { othersSinceLastLine: unreported }) }, message);
  };
}
