/** The values that a property of an account may have had at a time, with changes of unknown outcome among them. */
export interface Timeline<T> {
  /** The change begins to be asked for. @returns its entry */
  begins(value: T, at: number): Change;
  /** The values that may have been in force at some time in the period. */
  possible(from: number, to: number): T[];
  /** Changes after `since` may be undone: earlier values are possible again. */
  lost(since: number): void;
}

/** How a change ended. */
export interface Change {
  acknowledged(at: number): void;
  refused(): void;
  /** @param last when it has happened, or never will */
  unknown(last: number): void;
}

interface Entry<T> {
  readonly value: T;
  readonly begun: number;
  /** The last moment at which it may have come into force. */
  last: number;
  /** When it certainly was in force; Infinity: never certainly. */
  certainFrom: number;
  isLost: boolean;
}

/** Milliseconds for which overwritten values are kept: a loss can bring them back. */
const KEPT = 300_000;

export function timeline<T>(first: T): Timeline<T> {
  const start = Number.NEGATIVE_INFINITY;
  let entries: Entry<T>[] = [{ value: first, begun: start, last: start, certainFrom: start, isLost: false }];
  const isOverwritten = ({ last }: Entry<T>, from: number) =>
    entries.some((other) => other.begun > last && other.certainFrom <= from);

  return {
    begins(value, at) {
      entries = entries.filter((entry) => !isOverwritten(entry, at - KEPT));
      const entry = {
        value,
        begun: at,
        last: Number.POSITIVE_INFINITY,
        certainFrom: Number.POSITIVE_INFINITY,
        isLost: false,
      };
      entries.push(entry);
      return {
        acknowledged(end) {
          entry.last = end;
          if (!entry.isLost) entry.certainFrom = end;
        },
        refused() {
          entries = entries.filter((one) => one !== entry);
        },
        unknown(last) {
          entry.last = last;
        },
      };
    },
    possible: (from, to) =>
      entries.filter((entry) => entry.begun <= to && !isOverwritten(entry, from)).map(({ value }) => value),
    lost(since) {
      for (const entry of entries) {
        if (entry.begun === start || entry.last <= since) continue;
        // Also a change that has not ended: it may have been committed before.
        entry.isLost = true;
        entry.certainFrom = Number.POSITIVE_INFINITY;
      }
    },
  };
}
