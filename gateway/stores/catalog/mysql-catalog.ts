import { type CatalogRow, type CatalogSource, MOST_COLUMNS } from './catalog-row.ts';

/** The server lists only what this user has some right to. */
export async function mysqlCatalog({ sql, query }: CatalogSource, schema: string | null): Promise<CatalogRow[]> {
  const rows: { table: string; name: string; type: string; key: string }[] = await query(
    sql('information_schema.columns')
      .select({ table: 'table_name', name: 'column_name', key: 'column_key' })
      .select(sql.raw('lower(column_type) as type'))
      .where('table_schema', schema ?? sql.raw('database()'))
      .orderBy(['table_name', 'ordinal_position'])
      .limit(MOST_COLUMNS),
  );
  return rows.map(({ table, name, type, key }) => {
    return { schema, table, name, type, isKey: key === 'PRI', isReadable: true };
  });
}
