import { hash } from 'node:crypto';
import type { OpenTable } from '../../stores/accounts/adopted-table.ts';
import { type RowLogin, rowLogins } from './row-logins.ts';
import { type Example, MOST_EXAMPLES } from './tally.ts';

/** Logins that several rows share: emails in canonical form. */
export interface Duplicates {
  readonly logins: number;
  readonly rows: number;
  /** The rows of a few such logins, each cut after a few. */
  readonly examples: readonly (readonly Example[])[];
}

export interface SharedLogins {
  isShared(login: RowLogin): boolean;
  /** Notes a row that is read again, for the examples. */
  note(row: Example, logins: readonly RowLogin[]): void;
  found(): Duplicates;
}

const MOST_LOGINS = 5;

/** Reads the logins of the whole table. Keeps 8 bytes for each login while it reads, then only those of shared logins. */
export async function sharedLogins(table: OpenTable): Promise<SharedLogins> {
  let keys = new Float64Array(1024);
  let length = 0;
  for await (const rows of table.chunks()) {
    for (const key of rows.flatMap((row) => [...keysOf(rowLogins(row, table))])) {
      if (length === keys.length) {
        const larger = new Float64Array(2 * length);
        larger.set(keys);
        keys = larger;
      }
      keys[length++] = key;
    }
  }
  const sorted = keys.subarray(0, length).sort();
  const shared = new Set<number>();
  for (let index = 1; index < length; index++) {
    const key = sorted[index];
    if (key !== undefined && key === sorted[index - 1]) shared.add(key);
  }

  let rows = 0;
  const examples = new Map<number, Example[]>();
  return {
    isShared: (login) => [...keysOf([login])].some((key) => shared.has(key)),
    note(row, logins) {
      const own = [...keysOf(logins)].filter((key) => shared.has(key));
      if (own.length > 0) rows++;
      for (const key of own) {
        const known = examples.get(key) ?? [];
        if (known.length < MOST_EXAMPLES) known.push(row);
        if (examples.size < MOST_LOGINS || examples.has(key)) examples.set(key, known);
      }
    },
    found: () => ({ logins: shared.size, rows, examples: [...examples.values()] }),
  };
}

/** A row may have the same login in two columns. */
function keysOf(logins: readonly RowLogin[]): Set<number> {
  return new Set(logins.flatMap(({ key }) => (key === null ? [] : hashOf(key))));
}

/** A 52-bit hash of a login. With a million logins, the chance of any collision is 1 in 9,000. */
function hashOf(key: string): number {
  const digest = hash('sha256', key, 'buffer');
  return digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4);
}
