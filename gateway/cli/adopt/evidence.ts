import { OperatorError } from '../../domain/errors.ts';
import { hashRules } from '../../identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../identify/passwords/hashes/recognise.ts';
import { describeUnknown } from '../../identify/passwords/hashes/unknown.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { type AdoptedRow, adoptedTable, openTable } from '../../stores/accounts/adopted-table.ts';
import type { CatalogSource } from '../../stores/catalog/catalog-row.ts';
import { rejectionIn } from '../../stores/database/failure.ts';
import { tally } from '../accounts/tally.ts';

/** What the hashes of a few rows are. */
export interface Evidence {
  /** Rows with a hash that were read. */
  readonly read: number;
  /** Of them, those that the gateway verifies. */
  readonly verifiable: number;
  /** The forms and their counts, the most frequent first; no part of a hash. */
  readonly forms: readonly (readonly [form: string, count: number])[];
}

/** `refused`: this user may not read it, or it cannot be read in this way. */
export type Examined =
  | { readonly kind: 'read'; readonly evidence: Evidence }
  | { readonly kind: 'refused'; readonly reason: string };

/** Rows whose hashes are read. */
export const EVIDENCE_ROWS = 200;

/**
 * Reads the hashes of a few rows as the gateway would.
 *
 * @throws GatewayError when the database does not answer
 */
export async function examine(source: CatalogSource, accounts: Settings['accounts']): Promise<Examined> {
  const adopted = adoptedTable(accounts);
  if (adopted === null) return { kind: 'refused', reason: 'accounts.table is missing' };
  try {
    const table = await openTable(source, adopted);
    const rows: AdoptedRow[] = await source.query(table.rows().limit(EVIDENCE_ROWS));
    return { kind: 'read', evidence: evidenceOf(rows, accounts) };
  } catch (error) {
    const reason = error instanceof OperatorError ? error.message : rejectionIn(error);
    if (reason === null) throw error;
    return { kind: 'refused', reason };
  }
}

function evidenceOf(rows: readonly AdoptedRow[], accounts: Settings['accounts']): Evidence {
  const rules = hashRules(accounts);
  const forms = tally('other forms');
  const hashes = rows.flatMap(({ password }) => (password === null || password === '' ? [] : password));
  let verifiable = 0;
  for (const hash of hashes) {
    const stored = recognise(hash, rules);
    if (stored?.verifiable) verifiable++;
    forms.add(stored?.format ?? describeUnknown(hash), 1, []);
  }
  return {
    read: hashes.length,
    verifiable,
    forms: forms.entries().map(([form, { count }]) => [form, count]),
  };
}
