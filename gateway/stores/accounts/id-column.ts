import type { Knex } from 'knex';
import { OperatorError } from '../../domain/errors.ts';
import type { IdForm } from '../../settings/schema/id-form.ts';
import { type Column, type Condition, type Source, UUID } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/dialects.ts';

/** How queries read a column with ids of accounts. What is a string is SQL without values. */
export interface IdColumn {
  /** The id, as upstreams receive it. */
  readonly text: string;
  readonly byId: Condition;
  /** Groups rows with the same id. */
  readonly exactly: string;
  /** What `after` takes of a row. */
  readonly position: string;
  /** The condition for the rows after a position, in the order of the column. */
  after(position: string): Knex.Raw;
}

/**
 * @param form null: the configuration does not say
 * @param option the option that names the column
 * @throws OperatorError for a column of bytes in an unknown form
 */
export function idColumn(source: Source, column: Column, form: IdForm | null, option: string): IdColumn {
  const dialect = DIALECTS[source.kind];
  const storage = dialect.uuidStorage(column);
  if (form === null && storage === 'bytes') throw formMissing(column, option);
  if (form === null || form === 'text') {
    const position = dialect.text(column);
    const after = (last: string) => source.sql.raw(`${column.sql} ${dialect.operator(column, '>')} ?`, [last]);
    return { text: position, position, after, exactly: dialect.exactly(column), byId: dialect.byText(source, column) };
  }
  return storage === 'bytes' ? uuidInBytes(source, column, ORDERS[form]) : uuidInDigits(source, column);
}

/** Where each byte of a UUID is stored. */
const ORDERS: Readonly<Record<Exclude<IdForm, 'text'>, readonly number[]>> = {
  uuid: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  // uuid_to_bin(…, 1): the third group first, so that new rows follow old ones.
  'uuid-swapped': [4, 5, 6, 7, 2, 3, 0, 1, 8, 9, 10, 11, 12, 13, 14, 15],
  // Guid.ToByteArray(): the first three groups are little-endian numbers.
  guid: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
};

/** Bytes before which a UUID has a hyphen. */
const HYPHENS = new Set([4, 6, 8, 10]);

function uuidInBytes({ kind, sql }: Source, column: Column, order: readonly number[]): IdColumn {
  const digits = DIALECTS[kind].hex(column);
  const text = asUuid(kind, digits, order);
  const stored = (uuid: string) => {
    const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
    const placed = Buffer.alloc(bytes.length);
    for (const [index, place] of order.entries()) placed[place] = bytes[index] ?? 0;
    return placed;
  };
  return {
    text,
    exactly: column.sql,
    position: digits,
    after: (last) => sql.raw(`${column.sql} > ?`, [Buffer.from(last, 'hex')]),
    byId: (id) => (UUID.test(id) ? sql.raw(`${column.sql} = ?`, [stored(id)]) : null),
  };
}

/** With or without hyphens, in lower or upper case. */
function uuidInDigits({ kind, sql }: Source, column: Column): IdColumn {
  const dialect = DIALECTS[kind];
  const position = dialect.text(column);
  const text = asUuid(kind, `lower(replace(${position}, '-', ''))`, ORDERS.uuid);
  return {
    text,
    exactly: text,
    position,
    after: (last) => sql.raw(`${column.sql} > ?`, [last]),
    byId(id) {
      if (!UUID.test(id)) return null;
      const plain = id.replaceAll('-', '');
      return sql.raw(`${column.sql} in (?, ?, ?, ?)`, [id, id.toUpperCase(), plain, plain.toUpperCase()]);
    },
  };
}

/** @param digits SQL of hexadecimal digits; other than 32 of them are no id */
function asUuid(kind: Source['kind'], digits: string, order: readonly number[]): string {
  const pieces = order.flatMap((place, index) => {
    const byte = `substr(${digits}, ${2 * place + 1}, 2)`;
    return HYPHENS.has(index) ? ["'-'", byte] : [byte];
  });
  return `case when length(${digits}) = 32 then ${DIALECTS[kind].joined(pieces)} end`;
}

function formMissing({ name, type }: Column, option: string): OperatorError {
  return new OperatorError(
    `${option}: ${name} has bytes (${type}), and nothing says how to read them: write { name: ${name}, as: uuid }, or ` +
      'uuid-swapped (MySQL, uuid_to_bin with 1), guid (.NET), or text.',
  );
}
