import test from 'ava';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { type PrivateDatabase, privateDatabase, SERVERS } from '../../lab/stores/private-database.ts';
import { eachConnectionIsClean, idsIn, insert, inTime, TIMEOUT, withTable } from './transactions.ts';

for (const kind of SERVERS) {
  test.serial(
    `${kind}: a transaction on a server that fails in every way ends in time, and its connection is not used again`,
    async (t) => {
      const server = await privateDatabase(t, kind);
      const tested = await withTable(t, server.location, TIMEOUT);
      const { database } = tested;
      const probe = openDatabase(server.location, { timeout: 100 });
      t.teardown(() => probe.close());

      t.log('the server hangs before it begins');
      await database.ping();
      await hang(probe, server);
      await inTime(t, () => insert(database, 1));
      server.continue();
      await untilNoTransactionIsOpen(server);
      await eachConnectionIsClean(t, tested);

      t.log('the server hangs in its midst');
      const hung = () =>
        database.transact(async ({ sql, query }) => {
          await query(sql('entries').insert({ id: 2 }));
          await hang(probe, server);
          await query(sql('entries').insert({ id: 3 }));
        });
      await inTime(t, hung);
      server.continue();
      await untilNoTransactionIsOpen(server);
      t.deepEqual(await idsIn(database), []);
      await eachConnectionIsClean(t, tested);

      t.log('the server hangs at the commit, which may be done or not, and in one piece');
      const atCommit = () =>
        database.transact(async ({ sql, query }) => {
          await query(sql('entries').insert([{ id: 4 }, { id: 5 }]));
          await hang(probe, server);
        });
      await inTime(t, atCommit);
      server.continue();
      await untilNoTransactionIsOpen(server);
      t.true([0, 2].includes((await idsIn(database)).length));
      await database.query(database.sql('entries').delete());
      await eachConnectionIsClean(t, tested);

      t.log('its connection is cut');
      const cut = () =>
        database.transact(async ({ sql, query }) => {
          await query(sql('entries').insert({ id: 6 }));
          t.true((await server.endConnections()) > 0);
          await query(sql('entries').insert({ id: 7 }));
        });
      await inTime(t, cut);
      t.deepEqual(await idsIn(database), []);
      await eachConnectionIsClean(t, tested);

      t.log('its connection is cut once, before the commit');
      let attempts = 0;
      await tested.other.transact(async ({ sql, query }) => {
        await query(sql('entries').insert({ id: 6 }));
        if (++attempts === 1) await server.endConnections();
        await query(sql('entries').insert({ id: 7 }));
      });
      t.is(attempts, 2);
      t.deepEqual(await idsIn(database), [6, 7]);
      await database.query(database.sql('entries').delete());

      t.log('the server is gone');
      await server.kill();
      await inTime(t, () => insert(database, 8));
      await server.start();
      await untilDone(() => insert(database, 9));
      // A server of the tests keeps its last second in memory, so the rows deleted above may be back.
      t.deepEqual(
        (await idsIn(database)).filter((id) => id === 8 || id === 9),
        [9],
      );
    },
  );
}

/** Resolves when it answers nothing any more: a signal takes effect at a moment of its own. */
async function hang(probe: Database, server: PrivateDatabase): Promise<void> {
  server.pause();
  const answers = () =>
    probe.ping().then(
      () => true,
      () => false,
    );
  while (await answers());
}

async function untilNoTransactionIsOpen(server: PrivateDatabase): Promise<void> {
  await untilDone(async () => {
    if ((await server.openTransactions()) > 0) throw new Error('a transaction is open');
  });
}

async function untilDone(work: () => Promise<void>): Promise<void> {
  for (const until = performance.now() + 45_000; ; ) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
