import { dateIn, isConfirmedValue } from '../../stores/accounts/adopted.ts';

/** A value of the confirmation, and how the gateway reads it. */
export interface ConfirmationValue {
  /** As JSON text; dates and times are counted together. */
  readonly value: string;
  readonly confirmed: boolean;
  readonly count: number;
}

/** Distinct values that are counted apart. */
const MOST_VALUES = 20;
const LONGEST_SHOWN = 40;

export interface ConfirmationCounts {
  add(value: unknown): void;
  /** The most frequent first. */
  values(): readonly ConfirmationValue[];
}

/** Counts the values of the column, in bounded memory. */
export function confirmationCounts(): ConfirmationCounts {
  const counts = new Map<string, ConfirmationValue>();
  return {
    add(value) {
      const confirmed = isConfirmedValue(value);
      const own = `${textOf(value)} ${confirmed}`;
      const isRoom = counts.has(own) || counts.size < MOST_VALUES;
      const key = isRoom ? own : `other ${confirmed}`;
      const count = (counts.get(key)?.count ?? 0) + 1;
      counts.set(key, { value: isRoom ? textOf(value) : 'other values', confirmed, count });
    },
    values: () => [...counts.values()].sort((a, b) => b.count - a.count),
  };
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const plain = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  if (typeof plain === 'bigint') return String(plain);
  if (typeof plain !== 'string') return JSON.stringify(plain);
  const date = dateIn(plain);
  if (date !== null) return date === 'date' ? 'a date or time' : 'a zero date';
  return JSON.stringify(plain.slice(0, LONGEST_SHOWN));
}
