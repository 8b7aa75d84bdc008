import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { locationOf } from '../../lab/stores/database.ts';

/** A node that starts: it waits for a line, migrates, and prints what it applied. */
const database = openDatabase(locationOf(process.argv[2] ?? ''), { timeout: 5000 });
console.log('ready');
process.stdin.once('data', async () => {
  console.log(JSON.stringify((await migrate(database)).applied));
  await database.close();
  process.stdin.destroy();
});
