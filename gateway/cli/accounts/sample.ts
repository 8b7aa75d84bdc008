import type { AdoptedRow, OpenTable } from '../../stores/accounts/adopted-table.ts';

/** Rows of a sample at most: they are read in two queries, and the second is in memory as a whole. */
export const LARGEST_SAMPLE = 100_000;

/** A table of which only a part is read. */
export interface Sample {
  readonly table: OpenTable;
  /** The rows of the whole table. */
  readonly of: number;
}

/**
 * The first half and the last half of a sample in the order of ids: the hashes of old accounts and of new ones often differ.
 *
 * @param size the number of rows, 1 to `LARGEST_SAMPLE`
 * @returns null when the table has no more rows with an id than that: the two halves would share some
 * @throws GatewayError when the database does not answer
 */
export async function sampleOf(table: OpenTable, size: number): Promise<Sample | null> {
  const of = await table.count();
  if (of - (await table.countWithoutId()) <= size) return null;
  const last = await table.last(Math.floor(size / 2));
  const part: OpenTable = {
    ...table,
    chunks: () => parts(table, Math.ceil(size / 2), last),
    // Rows that are not in the sample.
    countWithoutId: async () => 0,
    sharedIds: async () => new Map(),
  };
  return { of, table: part };
}

async function* parts(table: OpenTable, first: number, last: AdoptedRow[]): AsyncGenerator<AdoptedRow[]> {
  let left = first;
  for await (const rows of table.chunks()) {
    const part = rows.slice(0, left);
    left -= part.length;
    if (part.length > 0) yield part;
    if (left === 0) break;
  }
  if (last.length > 0) yield last;
}
