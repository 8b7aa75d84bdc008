import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { withMigrationLock } from '../../../gateway/stores/database/migration-lock.ts';
import { accounts } from '../../../gateway/stores/database/migrations/0001-accounts.ts';
import { locationOf } from '../../lab/stores/database.ts';

/**
 * A process that stands in the middle of a migration: it has the lock and knex's lock row says so, one table is made, and
 * nothing is recorded. It says "half" and goes no further.
 */
const database = openDatabase(locationOf(process.argv[2] ?? ''), { timeout: 5000 });
await withMigrationLock(database, async (transaction) => {
  if (!(await transaction.schema.hasTable('gatehouse_migrations_lock'))) {
    await transaction.schema.createTable('gatehouse_migrations_lock', (table) => {
      table.increments('index');
      table.integer('is_locked');
    });
  }
  await transaction('gatehouse_migrations_lock').insert({ is_locked: 1 });
  await accounts.up(transaction, database.kind);
  console.log('half');
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
});
