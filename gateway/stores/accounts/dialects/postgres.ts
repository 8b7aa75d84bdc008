import type { Knex } from 'knex';
import { RELATIONS } from '../../catalog/postgres-catalog.ts';
import { ASCII_PAIRS, UNICODE_SAMPLE } from './case-folding.ts';
import {
  type Column,
  type Condition,
  type Dialect,
  type Source,
  type TableColumn,
  UUID,
  WHOLE_NUMBER,
} from './dialect.ts';
import { isAscii, placeholders, spellingsOf } from './spellings.ts';

/** PostgreSQL. */
export const postgres: Dialect = {
  quoted,

  async columnsOf({ sql, query }, { schema, name }) {
    // Not from information_schema, which lists no materialised views. The type of a domain is the one it is made of.
    const tables = sql.raw(`pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join lateral (
        with recursive made_of as (
          select t.* from pg_catalog.pg_type t where t.oid = a.atttypid
          union all
          select t.* from made_of d join pg_catalog.pg_type t on t.oid = d.typbasetype where d.typtype = 'd'
        ) select * from made_of where typtype <> 'd'
      ) t on true
      join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
      left join pg_catalog.pg_collation k on k.oid = a.attcollation and k.collname <> 'default'
      left join pg_catalog.pg_namespace kn on kn.oid = k.collnamespace`);
    const columns: (Omit<TableColumn, 'castTo'> & { collation_schema: string | null; is_domain: boolean })[] =
      await query(
        sql
          .select(
            sql.raw(`a.attname::text as name, tn.nspname::text as "typeSchema", k.collname::text as collation,
              case when t.typtype = 'e' then 'enum' when t.typcategory = 'A' then 'array' else t.typname::text end as type,
              kn.nspname::text as collation_schema, a.atttypid <> t.oid as is_domain, null as length, null as charset,
              (has_schema_privilege(n.oid, 'usage') and has_column_privilege(c.oid, a.attnum, 'select')) as readable`),
          )
          .from(tables)
          .whereRaw(`c.relkind in ${RELATIONS} and c.relname = ?`, [name])
          .whereRaw(schema === null ? sql.raw('pg_table_is_visible(c.oid)') : sql.raw('n.nspname = ?', [schema]))
          .orderBy('a.attnum'),
      );
    return columns.map(({ collation, collation_schema, is_domain, ...column }) => ({
      ...column,
      castTo: castOf(column, is_domain),
      collation: collation === null || collation_schema === null ? null : quoted(collation_schema, collation),
    }));
  },

  async tablesOf({ sql, query }, schema) {
    const tables: { name: string; schema: string; visible: boolean }[] = await query(
      sql
        .select(sql.raw('c.relname::text as name, n.nspname::text as schema, pg_table_is_visible(c.oid) as visible'))
        .from(sql.raw('pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace'))
        .whereRaw(`c.relkind in ${RELATIONS} and not c.relispartition`)
        .whereRaw("n.nspname not in ('pg_catalog', 'information_schema') and has_schema_privilege(n.oid, 'usage')")
        .whereRaw("has_any_column_privilege(c.oid, 'select')")
        .orderByRaw('visible desc, schema, name'),
    );
    return tables
      .filter((table) => schema === null || table.schema === schema)
      .map((table) => (table.visible || schema !== null ? table.name : `${table.schema}.${table.name}`));
  },

  text({ sql, type }) {
    // Backslashes and bytes beyond ASCII are escaped: no hash and no id has them.
    return type === 'bytea' ? `pg_catalog.encode(${sql}, 'escape')` : `${sql}::text`;
  },

  hex: (column) => `pg_catalog.encode(${column.sql}, 'hex')`,
  joined: (texts) => texts.join(' || '),
  uuidStorage: ({ type }) => (type === 'bytea' ? 'bytes' : 'digits'),

  exactly: (column) => `(${postgres.text(column)}) collate "C"`,

  confirmed(column) {
    switch (column.type) {
      case 'date':
      case 'timestamp':
      case 'timestamptz':
        // Not as text, whose form depends on the DateStyle of server, database and role.
        return `pg_catalog.to_json(${column.sql}) #>> '{}'`;
      case 'json':
      case 'jsonb':
        return `${column.sql} #>> '{}'`;
      case 'bytea':
        return postgres.text(column);
      default:
        return column.sql;
    }
  },

  groups: (column) => (column.type === 'array' ? `pg_catalog.to_json(${column.sql})::text` : postgres.text(column)),

  /** An index is used on `lower(column)`, on a column of `citext`, and on a column whose collation ignores case. */
  byEmail,

  byText({ sql }, column) {
    const isAny = (value: string) => sql.raw(`${column.sql} = ?::${column.castTo ?? column.type}`, [value]);
    switch (column.type) {
      case 'int2':
      case 'int4':
      case 'int8':
        // As the largest of these types, whose comparisons with the others use their indexes.
        return (id) => (isInt8(id) ? sql.raw(`${column.sql} = ?::int8`, [id]) : null);
      case 'numeric':
        return (id) => (/^-?\d{1,300}(\.\d{1,300})?$/.test(id) ? isAny(id) : null);
      case 'uuid':
        return (id) => (UUID.test(id) ? isAny(id) : null);
      case 'text':
      case 'varchar':
      case 'bpchar':
        return isAny;
      default:
        return (id) => sql.raw(`${postgres.text(column)} = ?`, [id]);
    }
  },

  /** Those of an enum are for all enums, and others could define some for this one (`castTo`). */
  operator: ({ type }, name) => (type === 'enum' ? `operator(pg_catalog.${name})` : name),

  /** PostgreSQL reads the value by the type of the column. It does not take numbers for booleans, nor booleans for numbers. */
  equals({ sql }, column, value) {
    const written = typeof value === 'boolean' && column.type !== 'bool' ? Number(value) : value;
    return sql.raw(`${column.sql} ${postgres.operator(column, '=')} ?`, [String(written)]);
  },
};

/** To `text`, or the type that a domain is made of. */
function castOf({ type, typeSchema }: Pick<TableColumn, 'type' | 'typeSchema'>, isDomain: boolean): string | null {
  if (type === 'varchar') return 'text';
  return isDomain && type !== 'array' && type !== 'enum' ? quoted(typeSchema ?? 'pg_catalog', type) : null;
}

const LARGEST_INT8 = 2n ** 63n - 1n;

function isInt8(id: string): boolean {
  return WHOLE_NUMBER.test(id) && BigInt(id) <= LARGEST_INT8 && BigInt(id) >= -LARGEST_INT8 - 1n;
}

function quoted(...names: readonly string[]): string {
  return names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}

async function byEmail(source: Source, column: Column): Promise<Condition> {
  const { sql } = source;
  const encoding = await encodingOf(source);
  const text = column.type === 'citext' ? `${column.sql}::text` : postgres.text(column);
  // `citext` has the collation of the database, whatever that of the column.
  const own = await caseFoldingOf(source, column.type === 'citext' ? null : column.collation, encoding);
  const other = own.unicode ? null : await unicodeCollation(source, encoding);
  /** Written so that an index on `lower(column)` is used. */
  const lower = (collation: string | null) => (email: string) => {
    const spellings = spellingsOf(email);
    const suffix = collation === null ? '' : ` collate ${collation}`;
    const folded = `lower((${text})${suffix})`;
    return sql.raw(`${folded} in (${placeholders(spellings, `lower(?::text${suffix})`)})`, spellings);
  };
  const indexed = (email: string) => {
    const spellings = spellingsOf(email);
    if (column.type === 'citext') return inCitext(sql, column, spellings);
    if (own.comparesAlike) return sql.raw(`${column.sql} in (${placeholders(spellings)})`, spellings);
    return lower(null)(email);
  };
  const ascii = own.ascii ? indexed : lower('"C"');
  const unicode = own.unicode ? indexed : lower(other);
  return (email) => {
    if (isAscii(email)) return ascii(email);
    return encoding === 'UTF8' || encoding === 'SQL_ASCII' ? unicode(email) : asBytes(sql, text, email);
  };
}

/** The operator is named with its schema: outside of the search path, PostgreSQL would compare the texts, and case would matter. */
function inCitext(sql: Knex, { sql: name, typeSchema }: Column, spellings: string[]): Knex.Raw {
  const schema = quoted(typeSchema ?? 'public');
  const values = `array[${placeholders(spellings)}]::${schema}.citext[]`;
  return sql.raw(`${name} operator(${schema}.=) any (${values})`, spellings);
}

/** Where the encoding of the database lacks some spellings of an email, PostgreSQL would refuse the whole statement. */
function asBytes(sql: Knex, text: string, email: string): Knex.Raw {
  const spellings = spellingsOf(email).map((spelling) => Buffer.from(spelling));
  const bytes = `in (${placeholders(spellings)})`;
  return sql.raw(`(convert_to(${text}, 'UTF8') ${bytes} or convert_to(lower(${text}), 'UTF8') ${bytes})`, [
    ...spellings,
    ...spellings,
  ]);
}

interface CaseFolding {
  /** `lower` of the collation folds ASCII letters as the gateway does. */
  readonly ascii: boolean;
  readonly unicode: boolean;
  /** The collation itself takes texts that differ by case for equal. */
  readonly comparesAlike: boolean;
}

async function encodingOf({ sql, query }: Source): Promise<string> {
  const rows: { encoding: string }[] = await query(sql.select(sql.raw('getdatabaseencoding() as encoding')));
  return rows[0]?.encoding ?? '';
}

/** @param collation null: that of the database */
async function caseFoldingOf({ sql, query }: Source, collation: string | null, encoding: string): Promise<CaseFolding> {
  const suffix = collation === null ? '' : ` collate ${collation}`;
  const { lower, others } = ASCII_PAIRS;
  // Other encodings may lack these letters.
  const sample = encoding === 'UTF8' ? [UNICODE_SAMPLE.upper, UNICODE_SAMPLE.lower] : ['', 'unknown'];
  const isAlike = `?::text${suffix} = ?`;
  const isFolded = `lower(?::text${suffix}) = ?`;
  const rows: CaseFolding[] = await query(
    sql.select(
      sql.raw(`${isFolded} as ascii, ${isFolded} as "unicode"`, [others[0] ?? '', lower, ...sample]),
      sql.raw(`${[...others, ''].map(() => isAlike).join(' and ')} as "comparesAlike"`, [
        ...others.flatMap((other) => [other, lower]),
        ...sample,
      ]),
    ),
  );
  return rows[0] ?? { ascii: false, unicode: false, comparesAlike: false };
}

/** Collations that fold the case of all letters: of ICU, of PostgreSQL itself since 17, and of the C library. */
const UNICODE_COLLATIONS = ['und-x-icu', 'pg_unicode_fast', 'pg_c_utf8', 'C.utf8', 'en_US.utf8'];

/** @returns null where there is none: then `lower` folds ASCII letters only */
async function unicodeCollation({ sql, query }: Source, encoding: string): Promise<string | null> {
  if (encoding !== 'UTF8') return null;
  const names: string[] = await query(
    sql('pg_catalog.pg_collation')
      .whereIn('collname', UNICODE_COLLATIONS)
      .whereRaw("collnamespace = 'pg_catalog'::regnamespace")
      .pluck('collname'),
  );
  const name = UNICODE_COLLATIONS.find((one) => names.includes(one));
  return name === undefined ? null : quoted('pg_catalog', name);
}
