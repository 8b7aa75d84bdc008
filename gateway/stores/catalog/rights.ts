import type { Database } from '../database/connection.ts';
import { RELATIONS } from './postgres-catalog.ts';

/** A table by its name, and its schema; null: where the database looks by itself. */
interface Named {
  readonly schema: string | null;
  readonly name: string;
}

/**
 * The rights that this user has on a table beyond reading it.
 *
 * @returns such as `UPDATE`; empty: none; null: SQLite, where the file has its rights
 * @throws GatewayError when the database does not answer
 */
export async function rightsBeyondSelect(database: Database, table: Named): Promise<string[] | null> {
  switch (database.kind) {
    case 'sqlite':
      return null;
    case 'mysql':
      return await rightsOnMysql(database, table);
    case 'postgres':
      return await rightsOnPostgres(database, table);
  }
}

/** Rights to change rows or the table. */
const CHANGING: readonly string[] = ['INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER', 'TRIGGER'];

async function rightsOnMysql({ sql, query }: Database, { schema, name }: Named): Promise<string[]> {
  const [rows = []]: Record<string, string>[][] = await query(sql.raw('show grants'));
  const [own]: { name: string }[] = await query(sql.select(sql.raw('database() as name')));
  const within = schema ?? own?.name ?? '';
  const granted = rows.flatMap((row) => rightsIn(Object.values(row)[0] ?? '', within, name));
  return CHANGING.filter((right) => granted.includes(right) || granted.includes('ALL PRIVILEGES'));
}

/** `GRANT SELECT, UPDATE (email) ON shop.users TO …`, with names in backquotes or `*`. Grants of roles and routines have another form. */
const GRANT = /^GRANT (.+) ON (?:TABLE )?(\*|`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) TO /;

function rightsIn(grant: string, schema: string, table: string): string[] {
  const [, rights, onSchema, onTable] = GRANT.exec(grant) ?? [];
  if (rights === undefined || onSchema === undefined || onTable === undefined) return [];
  const isFor = (onSchema === '*' || patternOf(onSchema).test(schema)) && (onTable === '*' || plain(onTable) === table);
  return isFor ? rights.replaceAll(/ ?\([^)]*\)/g, '').split(/, ?/) : [];
}

function plain(quoted: string): string {
  return quoted.slice(1, -1).replaceAll('``', '`');
}

/** The name of a database in a grant is a pattern, as of LIKE. */
function patternOf(quoted: string): RegExp {
  const parts = plain(quoted).match(/\\.|[\s\S]/g) ?? [];
  const pattern = parts.map((part) => (part === '%' ? '.*' : part === '_' ? '.' : RegExp.escape(part.slice(-1))));
  return new RegExp(`^${pattern.join('')}$`, 's');
}

async function rightsOnPostgres({ sql, query }: Database, { schema, name }: Named): Promise<string[]> {
  const found: { rows: Record<string, boolean>[] } = await query(
    sql.raw(
      `select has_any_column_privilege(c.oid, 'insert') as "INSERT",
        has_any_column_privilege(c.oid, 'update') as "UPDATE",
        has_table_privilege(c.oid, 'delete') as "DELETE", has_table_privilege(c.oid, 'truncate') as "TRUNCATE",
        has_table_privilege(c.oid, 'trigger') as "TRIGGER", pg_has_role(c.relowner, 'usage') as "DROP", pg_has_role(c.relowner, 'usage') as "ALTER"
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relname = ? and c.relkind in ${RELATIONS}
        and ${schema === null ? 'pg_table_is_visible(c.oid)' : 'n.nspname = ?'}`,
      schema === null ? [name] : [name, schema],
    ),
  );
  return Object.entries(found.rows[0] ?? {}).flatMap(([right, granted]) => (granted ? right : []));
}
