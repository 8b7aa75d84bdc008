/** A row that stands for others. */
export interface Example {
  readonly id: string;
  /** null: the row has none. */
  readonly email: string | null;
}

export interface Counted {
  readonly count: number;
  /** The first few. */
  readonly examples: readonly Example[];
}

export interface Tally {
  /** @param examples of the counted rows; at most `count` */
  add(key: string, count: number, examples: readonly Example[]): void;
  /** The most frequent first. */
  entries(): readonly (readonly [key: string, counted: Counted])[];
}

export const MOST_EXAMPLES = 5;
/** Distinct keys that are counted apart. Without a limit, parameters of hashes that all differ would fill the memory. */
const MOST_KEYS = 100;

/**
 * Counts rows under keys, each with its first rows, in bounded memory.
 *
 * @param others the key of rows whose own key is one too many
 */
export function tally(others: string): Tally {
  const counts = new Map<string, { count: number; examples: Example[] }>();
  return {
    add(key, count, examples) {
      const counted = counts.has(key) || counts.size < MOST_KEYS ? key : others;
      const entry = counts.get(counted) ?? { count: 0, examples: [] };
      entry.count += count;
      for (const example of examples) {
        if (entry.examples.length < MOST_EXAMPLES) entry.examples.push(example);
      }
      counts.set(counted, entry);
    },
    entries: () => [...counts].sort(([, a], [, b]) => b.count - a.count),
  };
}
