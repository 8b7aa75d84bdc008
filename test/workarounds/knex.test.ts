import test from 'ava';
import knex, { type Knex } from 'knex';
import { keepingIdentifiers } from '../../gateway/workarounds/knex-migrated-identifiers.ts';

const MIGRATIONS = {
  disableTransactions: true,
  migrationSource: { getMigrations: async () => [], getMigrationName: () => '', getMigration: () => Promise.reject() },
};

test('knex loses how it writes identifiers when it migrates in a transaction, and the workaround puts it back', async (t) => {
  const [lost, kept] = [1, 2].map(() => {
    const sql = knex({
      client: 'better-sqlite3',
      connection: { filename: ':memory:' },
      useNullAsDefault: true,
      wrapIdentifier: (name, wrap) => wrap(name === 'table' ? 'own' : name),
    });
    t.teardown(() => sql.destroy());
    return sql;
  }) as [Knex, Knex];
  const migrate = (sql: Knex) => sql.transaction((transaction) => transaction.migrate.latest(MIGRATIONS));
  await migrate(lost);
  t.is(lost('table').toString(), 'select * from `table`', 'knex keeps it now: remove the workaround');
  await keepingIdentifiers(kept, () => migrate(kept));
  t.is(kept('table').toString(), 'select * from `own`');
});
