import type { IdForm } from '../../settings/schema/id-form.ts';
import { DIALECTS } from '../../stores/accounts/dialects/dialects.ts';
import { columnNamed, columnsOf, quotedTable } from '../../stores/accounts/table-columns.ts';
import type { CatalogSource } from '../../stores/catalog/catalog-row.ts';
import { noneIfRejected } from '../../stores/database/failure.ts';

/** Ids that are read. */
const EXAMPLES = 50;

/** Where each order of bytes has the digit of the version (RFC 9562 section 4.2); the variant is in all of them at 16. */
const VERSIONS: readonly (readonly [form: IdForm, place: number])[] = [
  ['uuid', 12],
  ['uuid-swapped', 0],
  ['guid', 14],
];

/**
 * How a column of ids is stored, judged by a few of them.
 *
 * @param table as the configuration names it
 * @returns null where the type of the column tells
 * @throws OperatorError when there is no such column; GatewayError when the database does not answer
 */
export async function idFormOf(source: CatalogSource, table: string, id: string): Promise<IdForm | null> {
  const column = columnNamed(await columnsOf(source, table, 'accounts.table'), id, table, 'accounts.columns.id');
  const dialect = DIALECTS[source.kind];
  if (dialect.uuidStorage(column) !== 'bytes') return null;
  const { sql, query } = source;
  const rows: { digits: string }[] = await query(
    sql
      .from(sql.raw(quotedTable(source, table)))
      .select(sql.raw(`${dialect.hex(column)} as digits`))
      .whereRaw(`${column.sql} is not null`)
      .limit(EXAMPLES),
  ).catch(noneIfRejected);
  if (rows.some(({ digits }) => digits.length !== 32)) return 'text';
  const isVersion = (place: number) => rows.every(({ digits }) => /^[1-8]/.test(digits.slice(place)));
  return VERSIONS.find(([, place]) => isVersion(place))?.[0] ?? 'uuid';
}
