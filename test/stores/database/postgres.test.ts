import { randomBytes } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { readHead, revocationsAfter } from '../../../gateway/revocation/history.ts';
import { revokeAccount } from '../../../gateway/revocation/revocations.ts';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate, requireCurrentSchema } from '../../../gateway/stores/database/migrate.ts';
import { OWN_TABLES } from '../../../gateway/stores/database/own-tables.ts';
import { sqlTokenStore } from '../../../gateway/stores/tokens/store.ts';
import { temporaryPostgres } from '../../lab/stores/database.ts';
import { throughPgbouncer } from '../../lab/stores/pgbouncer.ts';

const NOW = 1_800_000_000_000;

test('behind a pooler that gives each transaction another connection, all is as without it', async (t) => {
  const direct = await temporaryPostgres(t);
  const database = opened(t, await throughPgbouncer(t, direct), 5_000);
  await migrate(database);
  const accounts = sqlAccountStore(database);
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => accounts.add({ email: `${i}@x`, passwordHash: null, confirmed: true })),
  );
  t.is((await accounts.list()).length, 12);
  await revokeAtOnce(t, database);

  t.log('what a transaction sets does not stay');
  const limits = await Promise.all(
    Array.from({ length: 8 }, () =>
      database.query<{ rows: { limit: string }[] }>(
        database.sql.raw(`select current_setting('lock_timeout') as limit`),
      ),
    ),
  );
  t.deepEqual([...new Set(limits.map(({ rows }) => rows[0]?.limit))], ['0']);

  t.log('a write that waits for a lock is given up by the server too');
  const [hurried, holder] = [opened(t, await throughPgbouncer(t, direct), 700), opened(t, direct, 60_000)];
  await holder.transact(async ({ sql, query }) => {
    await query(sql('gatehouse_accounts').where('id', 1).forUpdate().select('id'));
    await t.throwsAsync(sqlAccountStore(hurried).setConfirmed('1', false), { message: 'database unavailable' });
    const waiting = () =>
      query<{ rows: unknown[] }>(
        sql.raw("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"),
      );
    for (const deadline = Date.now() + 20_000; Date.now() < deadline && (await waiting()).rows.length > 0; );
  });
  t.true((await accounts.findById('1'))?.confirmed);
});

test('whatever the defaults of the database, transactions see what is committed', async (t) => {
  const location = await temporaryPostgres(t);
  const administrator = opened(t, location, 10_000);
  await migrate(administrator);
  for (const setting of [
    "default_transaction_isolation = 'serializable'",
    "timezone = 'Asia/Kathmandu'",
    'standard_conforming_strings = off',
    "search_path = ''",
  ]) {
    await administrator.query(administrator.sql.raw(`alter database ${location.database} set ${setting}`));
  }
  await revokeAtOnce(t, opened(t, { ...location, schema: 'public' }, 10_000));
});

test('a text that the database cannot hold is in none of its rows', async (t) => {
  const location = await temporaryPostgres(t, 'LATIN1');
  const database = opened(t, location, 5_000);
  await migrate(database);
  const [accounts, tokens] = [sqlAccountStore(database), sqlTokenStore(database)];
  await accounts.add({ email: 'é@x', passwordHash: null, confirmed: true });
  t.is((await accounts.findByLogin('É@x'))?.id, '1');
  const accepted = { boundTo: '', keyIds: null, voidBefore: 0, maxLifetime: 1, now: 0 };
  for (const other of ['€@x', '\u0000', 'é@x\u0000', '🔑']) {
    t.is(await accounts.findByLogin(other), null, JSON.stringify(other));
    t.is(await accounts.findById(other), null, JSON.stringify(other));
    t.is(await tokens.findLive({ ...accepted, accountId: other }, other), null, JSON.stringify(other));
    t.is(await tokens.countLive({ ...accepted, accountId: other }, 9), 0, JSON.stringify(other));
  }
});

test('the tables may have a schema of their own, which is made if it is missing', async (t) => {
  const location = await temporaryPostgres(t);
  const [first, second] = ['app', 'Odd "name"'].map((schema) => opened(t, { ...location, schema }, 5_000)) as [
    Database,
    Database,
  ];
  await t.throwsAsync(requireCurrentSchema(first), { name: 'OperatorError', message: /lacks the gateway's tables/ });
  for (const database of [first, second]) {
    await migrate(database);
    await requireCurrentSchema(database);
    t.deepEqual(await migrate(database), { applied: [] });
    await revokeAtOnce(t, database);
    const there = database.sql('information_schema.tables').where('table_schema', database.schema).pluck('table_name');
    t.deepEqual((await database.query<string[]>(there)).toSorted(), [...OWN_TABLES].toSorted());
  }
  await sqlAccountStore(first).add({ email: 'a@x', passwordHash: null, confirmed: true });
  t.is((await sqlAccountStore(first).list()).length, 1);
  t.is((await sqlAccountStore(second).list()).length, 0);
  const bare = opened(t, location, 5_000);
  await t.throwsAsync(requireCurrentSchema(bare), { message: /lacks the gateway's tables/ });
});

test('a role that may not create the tables is told what it needs, and works once it has it', async (t) => {
  const location = await temporaryPostgres(t);
  const administrator = opened(t, location, 5_000);
  const role = `gatehouse_test_${randomBytes(6).toString('hex')}`;
  const run = (statement: string) => administrator.query<unknown>(administrator.sql.raw(statement));
  await run(`create role ${role} login password 'p'`);
  t.teardown(async () => {
    const last = openDatabase(location, { timeout: 5_000 });
    for (const statement of [`drop owned by ${role}`, `drop role ${role}`]) await last.query(last.sql.raw(statement));
    await last.close();
  });
  await run('revoke create on schema public from public');
  const as = (schema: string | null) => opened(t, { ...location, user: role, password: 'p', schema }, 5_000);
  await t.throwsAsync(migrate(as(null)), { name: 'OperatorError', message: /denied for schema public.*\?schema=/ });
  await t.throwsAsync(migrate(as('app')), {
    name: 'OperatorError',
    message: /denied for database.*create schema app authorization/,
  });
  await run('create schema app');
  await t.throwsAsync(migrate(as('app')), { name: 'OperatorError', message: /create schema app authorization/ });
  await run(`grant usage, create on schema app to ${role}`);
  const granted = as('app');
  await migrate(granted);
  await revokeAtOnce(t, granted);
});

function opened(t: ExecutionContext, location: PostgresLocation, timeout: number): Database {
  const database = openDatabase(location, { timeout });
  t.teardown(() => database.close());
  return database;
}

/** Revokes many accounts at the same time: each gets a position of its own, and none is missing. */
async function revokeAtOnce(t: ExecutionContext, database: Database): Promise<void> {
  const count = 20;
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      database.transact((runner) => revokeAccount(runner, String(i), { now: NOW, maxLifetime: 1_000 })),
    ),
  );
  const revocations = await revocationsAfter(database, 0, { now: NOW, limit: 100 });
  t.deepEqual(
    revocations.map(({ position }) => position),
    Array.from({ length: count }, (_, i) => i + 1),
  );
  t.is(new Set(revocations.map((one) => one.kind === 'account' && one.accountId)).size, count);
  t.is((await readHead(database, null)).position, count);
}
