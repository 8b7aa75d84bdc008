const PLAIN = '[\\p{L}\\p{N}_$-]{1,64}';
/** As SQL quotes names; a quote within is doubled. "?" is excluded: the query builder would take it for a value. */
const QUOTED = '"(?:[^"?\\p{Cc}]|""){1,128}"';
const PART = `(?:${PLAIN}|${QUOTED})`;

export const TABLE = new RegExp(`^(?:${PART}\\.)?${PART}$`, 'u');
export const TABLE_FORM =
  'must be the name of a table, such as users or shop.users: letters, digits, "_", "$" and "-"; any other name in quotes, such as \'shop."user.accounts"\'';

/** A column is named as it is, without quotes. */
export const COLUMN = /^[^"`[\]?\p{Cc}\s](?:[^"`[\]?\p{Cc}]{0,126}[^"`[\]?\p{Cc}\s])?$/u;
export const COLUMN_FORM = 'must be the name of a column as it is, without quotes, brackets and "?"';

/** The names that a `TABLE` consists of, unquoted: of the table, or of its schema and the table. */
export function partsOfTable(table: string): string[] {
  const parts = table.match(new RegExp(PART, 'gu')) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}
