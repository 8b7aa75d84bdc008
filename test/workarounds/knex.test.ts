import test from 'ava';
import knex from 'knex';
import { keepingIdentifiers } from '../../gateway/workarounds/knex-migrated-identifiers.ts';

const MIGRATIONS = {
  migrationSource: { getMigrations: async () => [], getMigrationName: () => '', getMigration: () => Promise.reject() },
};

test('knex loses how it writes identifiers when it migrates, and the workaround puts it back', async (t) => {
  const sql = knex({
    client: 'better-sqlite3',
    connection: { filename: ':memory:' },
    useNullAsDefault: true,
    wrapIdentifier: (name, wrap) => wrap(`own_${name}`),
  });
  t.teardown(() => sql.destroy());
  const written = () => sql('table').toString();
  t.is(written(), 'select * from `own_table`');
  await keepingIdentifiers(sql, () => sql.migrate.latest(MIGRATIONS));
  t.is(written(), 'select * from `own_table`');
  await sql.migrate.latest(MIGRATIONS);
  t.is(written(), 'select * from `table`', 'knex keeps it now: remove the workaround');
});
