import { canonicalEmail } from '../../../domain/account.ts';
import { UNICODE_LOWER } from '../../database/sqlite.ts';
import { type Dialect, type TableColumn, WHOLE_NUMBER } from './dialect.ts';
import { isAscii, placeholders, spellingsOf } from './spellings.ts';

/** What SQLite does not say of a column. */
const UNKNOWN = { length: null, collation: null, charset: null, typeSchema: null, readable: true, castTo: null };

export const sqlite: Dialect = {
  quoted: (...names) => names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.'),

  async columnsOf({ sql, query }, { schema, name }) {
    const schemas: string[] = await query(sql('pragma_database_list').pluck('name'));
    if (schema !== null && !schemas.includes(schema)) return [];
    // `pragma_table_info` leaves generated columns out.
    const info = sql.raw('pragma_table_xinfo(?, ?)', [name, schema ?? 'main']);
    const columns: Pick<TableColumn, 'name' | 'type'>[] = await query(
      sql.select('name', sql.raw('lower(type) as type')).from(info),
    );
    return columns.map((column) => ({ ...column, ...UNKNOWN }));
  },

  async tablesOf({ sql, query }) {
    const names: string[] = await query(
      sql('sqlite_master').whereIn('type', ['table', 'view']).orderBy('name').pluck('name'),
    );
    return names.filter((name) => !name.startsWith('sqlite_'));
  },

  text: (column) => `cast(${column.sql} as text)`,
  hex: (column) => `lower(hex(${column.sql}))`,
  joined: (texts) => texts.join(' || '),
  uuidStorage: ({ type }) => (/blob|binary/.test(type) ? 'bytes' : 'digits'),

  exactly: (column) => `cast(${column.sql} as text) collate binary`,
  confirmed: (column) => (/date|time/.test(column.type) ? sqlite.text(column) : column.sql),
  groups: (column) => sqlite.text(column),

  /** An index with `collate nocase` is used. An email with non-ASCII letters scans the table: SQLite does not fold those. */
  async byEmail({ sql }, column) {
    const name = column.sql;
    return (email) => {
      const canonical = canonicalEmail(email);
      const spellings = spellingsOf(email);
      const isAlike = `${name} collate nocase in (${placeholders(spellings)})`;
      if (isAscii(canonical)) return sql.raw(isAlike, spellings);
      // More bytes than characters: the text has non-ASCII letters.
      const folded = `length(cast(${name} as blob)) > length(${name}) and ${UNICODE_LOWER}(${name}) = ?`;
      return sql.raw(`((${isAlike}) or (${folded}))`, [...spellings, canonical]);
    };
  },

  byText({ sql }, column) {
    const isWholeNumber = /int/.test(column.type);
    // The type of a column does not bind: the number 1, the text "1" and its bytes are different values.
    const isBytes = sqlite.uuidStorage(column) === 'bytes';
    return (id) => {
      if (isWholeNumber) return WHOLE_NUMBER.test(id) ? sql.raw(`${column.sql} = ?`, [id]) : null;
      const forms = [
        '?',
        ...(WHOLE_NUMBER.test(id) ? ['cast(? as integer)'] : []),
        ...(isBytes ? ['cast(? as blob)'] : []),
      ];
      return sql.raw(
        `${column.sql} in (${forms.join(', ')})`,
        forms.map(() => id),
      );
    };
  },

  operator: (_, name) => name,

  equals: ({ sql }, column, value) =>
    sql.raw(`${column.sql} = ?`, [typeof value === 'boolean' ? Number(value) : value]),
};
