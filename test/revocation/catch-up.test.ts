import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { watchStore } from '../../gateway/ops/store-state.ts';
import { createCatchUp } from '../../gateway/revocation/catch-up.ts';
import { createMirror } from '../../gateway/revocation/mirror.ts';
import { KEPT_BEYOND_END } from '../../gateway/stores/database/clock.ts';
import { type Database, openDatabase, type Query } from '../../gateway/stores/database/connection.ts';
import { DATABASES, type DatabaseKind, migratedDatabase, temporaryDatabase } from '../lab/stores/database.ts';

const DEAF = { onTime() {}, onRewritten() {} };
const LATER = Date.now() + 3_600_000;

for (const kind of DATABASES) {
  test(`${kind}: more revocations than are read at once all arrive, and then the new ones alone`, async (t) => {
    const { database, mirror, catchUp } = await withCatchUp(t, kind);
    await insert(database, 1, 25_000);
    await catchUp.now();
    t.deepEqual([mirror.size, mirror.completeTo?.position], [25_000, 25_000]);
    await insert(database, 25_001, 3);
    await catchUp.now();
    t.deepEqual([mirror.size, mirror.completeTo?.position], [25_003, 25_003]);
    t.true(mirror.isDenied('token-1') && mirror.isDenied('token-25003'));
  });
}

test('what has voided nothing for a day is passed over', async (t) => {
  const { database, mirror, catchUp } = await withCatchUp(t, 'sqlite');
  await insert(database, 1, 3, Date.now() - KEPT_BEYOND_END - 1);
  await catchUp.now();
  t.deepEqual([mirror.size, mirror.completeTo?.position], [0, 3]);
});

test('after the database has gone back in time everything is read again, and nothing that was denied is let in', async (t) => {
  const { database, mirror, catchUp } = await withCatchUp(t, 'sqlite');
  await insert(database, 1, 10);
  await catchUp.now();
  await database.query(database.sql('gatehouse_revocations').where('position', '>', 4).delete());
  await database.query(database.sql('gatehouse_revocation_head').update({ position: 4 }));
  await database.query(database.sql('gatehouse_revocations').where('position', 2).update({ jti: 'another' }));
  await catchUp.now();
  t.is(mirror.completeTo?.position, 4);
  for (const jti of ['another', 'token-2', 'token-10']) t.true(mirror.isDenied(jti), jti);
  await insert(database, 5, 2);
  await catchUp.now();
  t.is(mirror.completeTo?.position, 6);
});

test('whoever asks while a reading is under way is told of what was there when he asked', async (t) => {
  const { database, mirror, gate, asked } = await withGate(t);
  const catchUp = createCatchUp(gate.database, mirror, state(), Date, DEAF);
  gate.close();
  const first = catchUp.now();
  await gate.reached();
  await insert(database, 1, 1);
  const later = [catchUp.now(), catchUp.now(), catchUp.now()];
  gate.open();
  await first;
  await Promise.all(later);
  t.true(mirror.isDenied('token-1'));
  t.true(asked() <= 3, `the three are one reading: ${asked()} queries`);
});

test('while the database is out each reading fails, it is said, and the next one that succeeds is up to date', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const empty = openDatabase(location, { timeout: 2_000 });
  t.teardown(() => empty.close());
  const mirror = createMirror(() => {});
  const store = state();
  const failing = createCatchUp(empty, mirror, store, Date, DEAF);
  // It has no tables yet.
  await t.throwsAsync(failing.now(), { message: 'database unavailable' });
  const both = await Promise.allSettled([failing.now(), failing.now()]);
  t.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  t.false(store.isUp);
  t.is(mirror.age(), Number.POSITIVE_INFINITY);

  const { database, catchUp } = await withCatchUp(t, 'sqlite', mirror, store);
  await insert(database, 1, 1);
  await catchUp.now();
  t.true(store.isUp);
  t.true(mirror.isDenied('token-1') && mirror.age() < 5_000);
});

async function withCatchUp(t: ExecutionContext, kind: DatabaseKind, mirror = createMirror(() => {}), store = state()) {
  const database = await migratedDatabase(t, kind);
  return { database, mirror, catchUp: createCatchUp(database, mirror, store, Date, DEAF) };
}

function state() {
  return watchStore('database', pino({ level: 'silent' }));
}

/** A database whose answers can be held back, after they have been read. */
async function withGate(t: ExecutionContext) {
  const database = await migratedDatabase(t, 'sqlite');
  let passage = Promise.resolve();
  let open = () => {};
  let count = 0;
  const arrived = Promise.withResolvers<void>();
  const gated: Database = {
    ...database,
    async query<T>(statement: Query<T>) {
      count += 1;
      const answer = await database.query(statement);
      arrived.resolve();
      await passage;
      return answer;
    },
  };
  const gate = {
    database: gated,
    close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      passage = promise;
      open = resolve;
    },
    open: () => open(),
    reached: () => arrived.promise,
  };
  return { database, mirror: createMirror(() => {}), gate, asked: () => count };
}

/** Writes revocations of tokens that are called by their position. */
async function insert(database: Database, from: number, count: number, expiresAt = LATER): Promise<void> {
  const { sql, query } = database;
  const rows = Array.from({ length: count }, (_, i) => ({
    position: from + i,
    jti: `token-${from + i}`,
    expires_at: expiresAt,
  }));
  for (let at = 0; at < rows.length; at += 200) {
    await query(sql('gatehouse_revocations').insert(rows.slice(at, at + 200)));
  }
  await query(sql('gatehouse_revocation_head').update({ position: from + count - 1 }));
}
