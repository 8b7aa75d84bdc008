import { noneIfRejected } from '../database/failure.ts';
import type { CatalogRow, CatalogSource } from './catalog-row.ts';

/** A file has one schema. A view of a table that is gone is rejected, and has no columns. */
export async function sqliteCatalog({ sql, query }: CatalogSource): Promise<CatalogRow[]> {
  const tables: string[] = await query(
    sql('sqlite_master').whereIn('type', ['table', 'view']).orderBy('name').pluck('name'),
  );
  const rows: CatalogRow[] = [];
  for (const table of tables.filter((name) => !name.startsWith('sqlite_'))) {
    const columns: { name: string; type: string; pk: number }[] = await query(
      sql.select('name', 'pk', sql.raw('lower(type) as type')).from(sql.raw('pragma_table_xinfo(?)', [table])),
    ).catch(noneIfRejected);
    for (const { name, type, pk } of columns) {
      rows.push({ schema: null, table, name, type, isKey: pk > 0, isReadable: true });
    }
  }
  return rows;
}
