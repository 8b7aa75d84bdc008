import { type CatalogRow, type CatalogSource, MOST_COLUMNS } from './catalog-row.ts';

/** What a query can select from, as `pg_class.relkind`: tables, partitioned and foreign ones, views and materialised views. */
export const RELATIONS = "('r', 'p', 'f', 'v', 'm')";

/** The catalog lists all tables, whether this role may read them or not. */
export async function postgresCatalog({ sql, query }: CatalogSource, schema: string | null): Promise<CatalogRow[]> {
  const found: { rows: CatalogRow[] } = await query(
    sql.raw(
      `select case when pg_table_is_visible(c.oid) then null else n.nspname end as schema,
        c.relname as "table", a.attname as name, lower(format_type(a.atttypid, a.atttypmod)) as type,
        coalesce(a.attnum = any(i.indkey::int2[]), false) as "isKey",
        has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select') as "isReadable"
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_index i on i.indrelid = c.oid and i.indisprimary
      where c.relkind in ${RELATIONS} and not c.relispartition
        and n.nspname::text !~ '^pg_' and n.nspname <> 'information_schema'${schema === null ? '' : ' and n.nspname = ?'}
      order by n.nspname, c.relname, a.attnum
      limit ${MOST_COLUMNS}`,
      schema === null ? [] : [schema],
    ),
  );
  return found.rows;
}
