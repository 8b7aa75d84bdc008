import { ASCII_PAIRS } from './case-folding.ts';
import { type Dialect, type Source, type TableColumn, WHOLE_NUMBER } from './dialect.ts';
import { placeholders, spellingsOf } from './spellings.ts';

/** MySQL and MariaDB. */
export const mysql: Dialect = {
  quoted: (...names) => names.map((name) => `\`${name.replaceAll('`', '``')}\``).join('.'),

  async columnsOf({ sql, query }, { schema, name }) {
    const columns: (Omit<TableColumn, 'typeSchema' | 'readable' | 'castTo'> & { privileges: string })[] = await query(
      sql('information_schema.columns')
        .select({ name: 'column_name', length: 'character_maximum_length', privileges: 'privileges' })
        .select({ charset: 'character_set_name', collation: 'collation_name' })
        .select(sql.raw('lower(data_type) as type'))
        .where('table_name', name)
        .andWhere('table_schema', schema ?? sql.raw('database()'))
        .orderBy('ordinal_position'),
    );
    return columns.map(({ privileges, ...column }) => {
      return { ...column, typeSchema: null, readable: /\bselect\b/i.test(privileges), castTo: null };
    });
  },

  async tablesOf({ sql, query }, schema) {
    return await query(
      sql('information_schema.tables')
        .where('table_schema', schema ?? sql.raw('database()'))
        .orderBy('table_name')
        .pluck('table_name'),
    );
  },

  text({ sql, type }) {
    if (type === 'bit') return `cast(${sql} + 0 as char)`;
    // BINARY(n) is padded with NULs, which no hash contains.
    return type === 'binary' ? `cast(trim(trailing x'00' from ${sql}) as char)` : `cast(${sql} as char)`;
  },

  hex: (column) => `lower(hex(${column.sql}))`,
  joined: (texts) => `concat(${texts.join(', ')})`,
  uuidStorage: ({ type, length }) => (/^(var)?binary$/.test(type) && length === 16 ? 'bytes' : 'digits'),

  exactly: (column) => `cast(${column.sql} as binary)`,

  confirmed(column) {
    // As text: mysql2 turns 0000-00-00 into a date in 1899.
    if (/date|time/.test(column.type)) return mysql.text(column);
    return column.type === 'bit' ? `${column.sql} + 0` : column.sql;
  },

  groups: (column) => mysql.text(column),

  /** A collation that ignores case uses the column's index. Any other collation scans the table. */
  async byEmail(source, column) {
    const { sql } = source;
    const { charset, collation } = column;
    const isIn = (folded: string, spelling: string) => (email: string) => {
      const spellings = spellingsOf(email);
      return sql.raw(`${folded} in (${placeholders(spellings, spelling)})`, spellings);
    };
    if (charset !== null && collation !== null && (await ignoresCase(source, charset, collation))) {
      // Converted first: the comparison fails for a character that the column's character set lacks.
      return isIn(column.sql, `convert(? using ${charset}) collate ${collation}`);
    }
    return isIn(
      `lower(convert(${column.sql} using utf8mb4) collate utf8mb4_general_ci) collate utf8mb4_bin`,
      'lower(?)',
    );
  },

  byText({ sql }, column) {
    const { type, length, charset, collation } = column;
    const isWholeNumber = /int$/.test(type);
    // Converted first: the comparison fails for a character that the column's character set lacks.
    const value = charset === null || collation === null ? '?' : `convert(? using ${charset}) collate ${collation}`;
    return (id) => {
      if (isWholeNumber && !WHOLE_NUMBER.test(id)) return null;
      if (type !== 'binary' || length === null) return sql.raw(`${column.sql} = ${value}`, [id]);
      // Padded as it is stored.
      const bytes = Buffer.from(id);
      return bytes.length > length ? null : sql.raw(`${column.sql} = ?`, [Buffer.concat([bytes], length)]);
    };
  },

  operator: (_, name) => name,

  /** As text: MySQL takes every text without digits for 0 when it is compared with a number, and a number for the index of an ENUM. */
  equals: ({ sql }, column, value) =>
    sql.raw(`${column.sql} = ?`, [String(typeof value === 'boolean' ? Number(value) : value)]),
};

async function ignoresCase({ sql, query }: Source, charset: string, collation: string): Promise<boolean> {
  if (!collation.endsWith('_ci')) return false;
  const { lower, others } = ASCII_PAIRS;
  const isAlike = `convert(? using ${charset}) collate ${collation} = convert(? using ${charset})`;
  const rows: { alike: number }[] = await query(
    sql.select(
      sql.raw(
        `(${others.map(() => isAlike).join(' and ')}) as alike`,
        others.flatMap((other) => [other, lower]),
      ),
    ),
  );
  return rows[0]?.alike === 1;
}
