import type { IdForm } from '../../settings/schema/id-form.ts';
import { DIALECTS } from '../../stores/accounts/dialects/dialects.ts';
import { columnNamed, columnsOf, quotedTable } from '../../stores/accounts/table-columns.ts';
import type { CatalogSource } from '../../stores/catalog/catalog-row.ts';
import { noneIfRejected } from '../../stores/database/failure.ts';

/** How ids in bytes are read. */
export interface FoundIdForm {
  readonly form: IdForm;
  /** false: the ids that were read fit several forms, or none, or are too few to tell. */
  readonly isCertain: boolean;
}

/** Ids that are read. */
const EXAMPLES = 50;
/** Ids that tell the form: of these random bytes, one in a thousand looks like UUIDs of a wrong one. */
const ENOUGH = 4;

/** Where each order of bytes has the digit of the version (RFC 9562 section 4.2). */
const VERSIONS: readonly (readonly [form: IdForm, place: number])[] = [
  ['uuid', 12],
  ['uuid-swapped', 0],
  ['guid', 14],
];
/** Where all orders have the digit of the variant (section 4.1). */
const VARIANT = 16;

/**
 * How a column of ids is stored, judged by a few of them.
 *
 * @param table as the configuration names it
 * @returns null where the type of the column tells
 * @throws OperatorError when there is no such column; GatewayError when the database does not answer
 */
export async function idFormOf(source: CatalogSource, table: string, id: string): Promise<FoundIdForm | null> {
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
  return idFormIn(rows.map(({ digits }) => digits));
}

/** @param ids the bytes of each as hexadecimal digits in lower case */
export function idFormIn(ids: readonly string[]): FoundIdForm {
  if (ids.some((digits) => digits.length !== 32)) return { form: 'text', isCertain: true };
  const digitsAt = (place: number) => [...new Set(ids.map((digits) => digits.charAt(place)))];
  const areUuids = digitsAt(VARIANT).every((digit) => /[89ab]/.test(digit));
  const fitting = VERSIONS.flatMap(([form, place]) => {
    const versions = digitsAt(place);
    return areUuids && versions.every((digit) => /[1-8]/.test(digit)) ? { form, versions: versions.length } : [];
  });
  // An application makes UUIDs of one version, seldom of more.
  const [best, another] = fitting.sort((a, b) => a.versions - b.versions);
  const isCertain = best !== undefined && another === undefined && ids.length >= ENOUGH;
  return { form: best?.form ?? 'uuid', isCertain };
}
