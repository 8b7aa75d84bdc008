import test from 'ava';
import knex from 'knex';
import { keepingIdentifiers } from '../../gateway/workarounds/knex-migrated-identifiers.ts';

const MIGRATIONS = {
  disableTransactions: true,
  migrationSource: { getMigrations: async () => [], getMigrationName: () => '', getMigration: () => Promise.reject() },
};

test('knex loses how it writes identifiers when it migrates in a transaction, and the workaround puts it back', async (t) => {
  const sql = knex({
    client: 'better-sqlite3',
    connection: { filename: ':memory:' },
    useNullAsDefault: true,
    wrapIdentifier: (name, wrap) => wrap(`own_${name}`),
  });
  t.teardown(() => sql.destroy());
  const written = () => sql('table').toString();
  t.is(written(), 'select * from `own_table`');
  const migrate = () => sql.transaction((transaction) => transaction.migrate.latest(MIGRATIONS));
  await keepingIdentifiers(sql, migrate);
  t.is(written(), 'select * from `own_table`');
  await migrate();
  t.is(written(), 'select * from `table`', 'knex keeps it now: remove the workaround');
});
