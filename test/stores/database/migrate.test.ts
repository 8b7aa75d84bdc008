import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { withMigrationLock } from '../../../gateway/stores/database/migration-lock.ts';
import { DATABASES, migratedDatabase, temporaryDatabase, urlOf } from '../../lab/stores/database.ts';

const ALL = [
  '0001-accounts',
  '0002-tokens',
  '0003-revocations',
  '0004-sessions',
  '0005-token-use',
  '0006-revocation-chain',
  '0008-token-bonds',
  '0009-scopes-and-groups',
];

for (const kind of DATABASES) {
  test(`${kind}: an empty database gets every migration once`, async (t) => {
    const database = openDatabase(await temporaryDatabase(t, kind), { timeout: 30_000 });
    t.teardown(() => database.close());
    t.deepEqual(await migrate(database), { applied: ALL });
    t.deepEqual(await migrate(database), { applied: [] });
  });

  test(`${kind}: of nodes that start at the same moment one migrates and all are ready`, async (t) => {
    const location = await temporaryDatabase(t, kind);
    const nodes = [1, 2, 3].map(() => script(t, 'migrating-node.ts', urlOf(location)));
    for (const node of nodes) t.is(await line(node), 'ready');
    for (const node of nodes) node.stdin?.write('go\n');
    const applied = await Promise.all(nodes.map(line));
    t.deepEqual(applied.sort(), ['[]', '[]', JSON.stringify(ALL)].sort());
  });

  test(`${kind}: a node waits while another one migrates, and goes on when that one is done`, async (t) => {
    const location = await temporaryDatabase(t, kind);
    const first = openDatabase(location, { timeout: 30_000 });
    const second = openDatabase(location, { timeout: 30_000 });
    t.teardown(() => Promise.all([first.close(), second.close()]));
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holding = withMigrationLock(first, () => {
      held.resolve();
      return release.promise;
    });
    await held.promise;
    let migrated = false;
    const migrating = migrate(second).finally(() => {
      migrated = true;
    });
    // Time for it to go wrong; passing does not depend on how long this takes.
    await new Promise((resolve) => setTimeout(resolve, 200));
    t.false(migrated);
    release.resolve();
    await holding;
    t.deepEqual(await migrating, { applied: ALL });
  });

  test(`${kind}: a process that was killed in the middle of a migration locks nobody out`, async (t) => {
    const location = await temporaryDatabase(t, kind);
    const killed = script(t, 'killed-migration.ts', urlOf(location));
    t.is(await line(killed), 'half');
    killed.kill('SIGKILL');

    const database = openDatabase(location, { timeout: 30_000 });
    t.teardown(() => database.close());
    t.deepEqual(await migrate(database), { applied: ALL });
    t.deepEqual(await sqlAccountStore(database).list(), []);
  });

  test(`${kind}: a database of a newer program is refused by name`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await database.query(
      database.sql('gatehouse_migrations').insert({ name: '0999-later', batch: 2, migration_time: new Date() }),
    );
    await t.throwsAsync(migrate(database), { name: 'OperatorError', message: /newer than this program.*0999-later/ });
  });
}

for (const kind of ['mysql', 'postgres'] as const) {
  test(`${kind}: when the connection has broken, a migration fails with its own error, not with that of the clean-up`, async (t) => {
    const database = openDatabase(await temporaryDatabase(t, kind), { timeout: 30_000 });
    t.teardown(() => database.close());
    const { connection, end } = CONNECTION[kind];
    const failing = withMigrationLock(database, async (transaction) => {
      const found = await transaction.raw(`select ${connection} as id`);
      const id = kind === 'mysql' ? found[0][0].id : found.rows[0].id;
      await database.query(database.sql.raw(end, [id]));
      await t.throwsAsync(Promise.resolve(transaction.raw('select 1')));
      throw new Error('the real one');
    });
    await t.throwsAsync(failing, { message: 'the real one' });
  });
}

const CONNECTION = {
  mysql: { connection: 'connection_id()', end: 'kill ?' },
  postgres: { connection: 'pg_backend_pid()', end: 'select pg_terminate_backend(?::int)' },
};

test('migrating a database that cannot be reached says so', async (t) => {
  const database = openDatabase(
    { kind: 'mysql', host: '127.0.0.1', port: 1, user: 'root', password: '', database: 'x' },
    { timeout: 30_000 },
  );
  t.teardown(() => database.close());
  await t.throwsAsync(migrate(database), { name: 'GatewayError', message: 'database unavailable' });
});

function script(t: ExecutionContext, file: string, url: string): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

async function line(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output');
  const [data]: unknown[] = await once(child.stdout, 'data');
  return String(data).trim();
}
