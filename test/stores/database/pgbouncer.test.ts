import test from 'ava';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { sqlSessionStore } from '../../../gateway/stores/sessions/sql-sessions.ts';
import { ADA, BOB } from '../../lab/gateways/gateway.ts';
import { ask, bearer, issue, revoke, untilStatus } from '../../lab/gateways/load.ts';
import { gateways } from '../../lab/gateways/nodes.ts';
import { temporaryPostgres } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { pgbouncer } from '../../support/stores/pgbouncer.ts';

/** Milliseconds on a busy machine. */
const SOON = 8_000;
/** Connections of the pooler to the server: fewer than one gateway would open itself. */
const FEW = 3;

test('two gateways live behind a pooler that gives each transaction another connection', async (t) => {
  const location = await temporaryPostgres(t);
  const pooler = await pgbouncer(t, location, FEW);
  const upstream = await httpUpstream(t);
  const group = await gateways(t, { location: pooler.location, redis: '', upstream: upstream.url });
  const [a, b] = await Promise.all([group.startHere('A'), group.startHere('B')]);

  t.log('many tokens at the same time');
  const issued = await Promise.all(Array.from({ length: 30 }, (_, i) => issue(i % 2 === 0 ? a : b, ADA)));
  const [used, one, bobs] = [issued[0], issued[1], await issue(b, BOB)];
  if (used === undefined || one === undefined) throw new Error('no token');
  for (const node of [a, b]) for (const token of [one, bobs]) t.is((await ask(node, token)).status, 200);

  t.log('revocations of one token and of all');
  t.is((await revoke(a, one.id, bearer(used))).status, 204);
  await untilStatus(b, one, 401, SOON);
  t.is((await revoke(b, '', bearer(used))).status, 204);
  await untilStatus(a, used, 401, SOON);
  t.is((await ask(a, bobs)).status, 200);

  t.log('sessions');
  const sessions = sqlSessionStore(group.database, Date);
  await sessions.write('id', 'content', 60_000);
  await sessions.renew('id', 'content', 60_000);
  t.is(await sessions.read('id'), 'content');
  await sessions.destroy('id');
  t.is(await sessions.read('id'), null);

  t.log('the server ends the connections of the pooler');
  const direct = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => direct.close());
  const ended = direct.sql.raw(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await direct.query(ended);
  const after = await issue(a, BOB);
  t.is((await ask(b, after)).status, 200);

  t.log('the pooler is gone, and comes back');
  await pooler.kill();
  await holds('both nodes say so', () => [a, b].every((node) => node.changes('database').at(-1) === 'store is out'));
  await pooler.start();
  await holds('both nodes say so', () => [a, b].every((node) => node.changes('database').at(-1) === 'store is back'));
  t.is((await ask(a, await issue(b, BOB))).status, 200);
});

test('behind a pooler, a transaction leaves no setting behind, and a statement that waits too long is given up', async (t) => {
  const location = await temporaryPostgres(t);
  const pooler = await pgbouncer(t, location, FEW);
  const database = openDatabase(pooler.location, { timeout: 2_000 });
  const direct = openDatabase(location, { timeout: 20_000 });
  t.teardown(() => Promise.all([database.close(), direct.close()]));
  await direct.query(direct.sql.raw('create table locked (id integer not null)'));
  await direct.query(direct.sql('locked').insert({ id: 1 }));

  await database.transact(({ sql, query }) => query(sql('locked').update({ id: 1 })));
  const settings = 'select current_setting(?) as one, current_setting(?) as other, current_setting(?) as third';
  const names = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
  const ask = () => database.query<{ rows: object[] }>(database.sql.raw(settings, names));
  for (const { rows } of await Promise.all(Array.from({ length: 2 * FEW }, ask)))
    t.deepEqual(rows, [{ one: '0', other: '0', third: '0' }]);

  await direct.transact(async ({ sql, query }) => {
    await query(sql('locked').forUpdate());
    await t.throwsAsync(database.query(database.sql('locked').update({ id: 2 })), { message: 'database unavailable' });
    const waiting = sql.raw(
      "select pid from pg_stat_activity where state = 'active' and query like 'update \"locked\"%'",
    );
    const isWaiting = async () => (await direct.query<{ rows: object[] }>(waiting)).rows.length > 0;
    await holds('the server has given it up', async () => !(await isWaiting()));
  });
  t.deepEqual(await direct.query(direct.sql('locked').pluck('id')), [1]);
});
