import test from 'ava';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import type { QueryRunner } from '../../../gateway/stores/database/connection.ts';
import { DATABASES, temporaryDatabase } from '../../lab/stores/database.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { eachConnectionIsClean, idsIn, insert, inTime, OUT, TIMEOUT, withTable } from './transactions.ts';

for (const kind of ['mysql', 'postgres'] as const) {
  test(`${kind}: when a connection breaks, no other one of the pool is used again`, async (t) => {
    const { database, other } = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const id = (runner: QueryRunner) => idOfConnection(runner, kind);
    // One within the other, so that both are in use at once.
    const pooled = await database.transact(async (one) => [await id(one), await database.transact(id)]);
    t.is(new Set(pooled).size, 2);
    const attempts: number[] = [];
    await database.transact(async (runner) => {
      attempts.push(await id(runner));
      if (attempts.length > 1) return;
      await other.query(other.sql.raw(kind === 'mysql' ? 'kill ?' : 'select pg_terminate_backend(?::int)', attempts));
      await id(runner);
    });
    const [first = 0, second = 0] = attempts;
    t.true(pooled.includes(first));
    t.false(pooled.includes(second));
    if (kind === 'mysql') t.true(database.connectionIds().includes(second));
    await holds('the connection that broke is not listed', async () => !database.connectionIds().includes(first));
  });
}

async function idOfConnection({ sql, query }: QueryRunner, kind: 'mysql' | 'postgres'): Promise<number> {
  const expression = kind === 'mysql' ? 'connection_id()' : 'pg_backend_pid()';
  const [row] = await query<{ id: number }[]>(sql.select(sql.raw(`${expression} as id`)));
  return Number(row?.id);
}

for (const kind of DATABASES) {
  test(`${kind}: what is done in a transaction is there for others when it has resolved, and not before`, async (t) => {
    const { database, other } = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const result = await database.transact(async ({ sql, query }) => {
      await query(sql('entries').insert({ id: 1 }));
      t.deepEqual(await idsIn(other), []);
      await query(sql('entries').insert({ id: 2 }));
      return 'done';
    });
    t.is(result, 'done');
    t.deepEqual(await idsIn(other), [1, 2]);
  });

  test(`${kind}: nothing of a transaction that threw is left, and what it threw arrives as it is`, async (t) => {
    const tested = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const { database } = tested;
    const thrown = new OperatorError('no such account');
    const refused = database.transact(async ({ sql, query }) => {
      await query(sql('entries').insert({ id: 1 }));
      throw thrown;
    });
    t.is(await t.throwsAsync(refused), thrown);
    t.deepEqual(await idsIn(database), []);
    await eachConnectionIsClean(t, tested);
  });

  test(`${kind}: a statement that fails undoes the ones before it`, async (t) => {
    const tested = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const { database } = tested;
    const twice = database.transact(async ({ sql, query }) => {
      await query(sql('entries').insert({ id: 1 }));
      await query(sql('entries').insert({ id: 1 }));
    });
    await t.throwsAsync(twice, OUT);
    t.deepEqual(await idsIn(database), []);
    await eachConnectionIsClean(t, tested);
  });

  test(`${kind}: many transactions at once on one row lose nothing`, async (t) => {
    const { database } = await withTable(t, await temporaryDatabase(t, kind), 10_000);
    await database.query(database.sql('entries').insert({ id: 0, value: 0 }));
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        database.transact(async ({ sql, query }) => {
          await query(sql('entries').where('id', 0).increment('value', 1));
          await query(sql('entries').insert({ id: i + 1 }));
        }),
      ),
    );
    t.deepEqual(await database.query(database.sql('entries').where('id', 0).pluck('value')), [20]);
    t.is((await idsIn(database)).length, 21);
  });
}

test('sqlite: a transaction waits for another process that writes, and gives up in time', async (t) => {
  const tested = await withTable(t, await temporaryDatabase(t, 'sqlite'), TIMEOUT);
  const { database, other: writer } = tested;
  const gate = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const writing = writer.transact(async ({ sql, query }) => {
    await query(sql('entries').insert({ id: 1 }));
    began.resolve();
    await gate.promise;
  });
  await began.promise;

  await inTime(t, () => insert(database, 2));
  const waiting = insert(database, 3);
  gate.resolve();
  await Promise.all([writing, waiting]);
  t.deepEqual(await idsIn(database), [1, 3]);
  await eachConnectionIsClean(t, tested);
});

test('sqlite: a transaction whose work takes too long leaves nothing behind, and the next one is unharmed', async (t) => {
  const tested = await withTable(t, await temporaryDatabase(t, 'sqlite'), TIMEOUT);
  const { database } = tested;
  const slow = database.transact(async ({ sql, query }) => {
    await query(sql('entries').insert({ id: 1 }));
    const until = performance.now() + TIMEOUT + 50;
    await holds('it takes too long', () => performance.now() > until);
    throw new Error('given up');
  });
  await t.throwsAsync(slow);
  t.deepEqual(await idsIn(database), []);
  await eachConnectionIsClean(t, tested);
});
