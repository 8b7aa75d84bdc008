import { hash } from 'node:crypto';
import { canonicalEmail } from '../../domain/account.ts';
import type { OpenTable } from '../../stores/accounts/adopted-table.ts';
import { type Example, MOST_EXAMPLES } from './tally.ts';

/** Emails that several rows share in canonical form. */
export interface Duplicates {
  readonly emails: number;
  readonly rows: number;
  /** The rows of a few such emails, each cut after a few. */
  readonly examples: readonly (readonly Example[])[];
}

export interface SharedEmails {
  isShared(email: string): boolean;
  /** Notes a row that is read again, for the examples. */
  note(row: Example): void;
  found(): Duplicates;
}

const MOST_EMAILS = 5;

/** Reads the emails of the whole table. Keeps 8 bytes for each row while it reads, then only those of shared emails. */
export async function sharedEmails(table: OpenTable): Promise<SharedEmails> {
  let keys = new Float64Array(1024);
  let length = 0;
  for await (const rows of table.chunks()) {
    for (const { email } of rows) {
      if (email === null) continue;
      if (length === keys.length) {
        const larger = new Float64Array(2 * length);
        larger.set(keys);
        keys = larger;
      }
      keys[length++] = keyOf(email);
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
    isShared: (email) => shared.has(keyOf(email)),
    note({ id, email }) {
      const key = email === null ? null : keyOf(email);
      if (key === null || !shared.has(key)) return;
      rows++;
      const known = examples.get(key) ?? [];
      if (known.length < MOST_EXAMPLES) known.push({ id, email });
      if (examples.size < MOST_EMAILS || examples.has(key)) examples.set(key, known);
    },
    found: () => ({ emails: shared.size, rows, examples: [...examples.values()] }),
  };
}

/** A 52-bit hash of an email. With a million emails, the chance of any collision is 1 in 9,000. */
function keyOf(email: string): number {
  const digest = hash('sha256', canonicalEmail(email), 'buffer');
  return digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4);
}
