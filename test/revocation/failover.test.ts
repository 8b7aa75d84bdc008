import test from 'ava';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { ADA } from '../lab/gateways/gateway.ts';
import { ask, bearer, type Issued, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { type PrivatePostgres, privatePostgres } from '../lab/stores/postgres.ts';
import { serverProxy } from '../lab/stores/server-proxy.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds, of both nodes. */
const TIMEOUT = 1_500;
const RECOVERY = 15_000;

test('a failover to a standby that lags loses no revocation, and no write is done on the standby before', async (t) => {
  const primary = await privatePostgres(t);
  const upstream = await httpUpstream(t);
  const proxy = await serverProxy(t, primary.location.port);
  const group = await gateways(t, {
    location: { ...primary.location, port: proxy.port },
    redis: '',
    upstream: upstream.url,
    settings: { database: { timeout: `${TIMEOUT}ms` }, accounts: { cache: '1m' } },
  });
  const [a, b] = await Promise.all([group.startHere('A'), group.startHere('B')]);
  const nodes = [a, b];
  const used = await issue(a, ADA);
  const tokens: Issued[] = [];
  for (let i = 0; i < 3; i++) tokens.push(await issue(b, ADA));
  const [early, late, kept] = tokens as [Issued, Issued, Issued];
  for (const node of nodes) for (const token of tokens) await untilStatus(node, token, 200, RECOVERY);
  t.is((await revoke(a, early.id, bearer(used))).status, 204);

  const standby = await primary.standby();
  await cutReplication(primary, standby);
  t.is((await revoke(a, late.id, bearer(used))).status, 204);
  await Promise.all(nodes.map((node) => untilStatus(node, late, 401, RECOVERY)));

  t.log('the name leads to the standby, which only reads');
  proxy.leadTo(standby.location.port);
  await primary.administer(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'",
  );
  await holds('both nodes say that the database is out', () =>
    nodes.every((node) => node.changes('database').at(-1) === 'store is out'),
  );
  t.deepEqual(await revoke(a, kept.id, bearer(used)), { status: 503, retryAfter: '1' });
  t.true(
    a.log.some(({ msg, cause }) => msg === 'store is out' && /read-only standby/.test(String(cause))),
    JSON.stringify(a.log.slice(-5)),
  );
  await primary.kill();

  t.log('the standby is promoted, without the last revocation');
  await standby.administer('select pg_promote()');
  await holds('both nodes say that the database is back', () =>
    nodes.every((node) => node.changes('database').at(-1) === 'store is back'),
  );
  for (const node of nodes) {
    for (const token of [early, late]) t.is((await ask(node, token)).status, 401);
    t.is((await ask(node, kept)).status, 200);
  }
  await holds('what was lost is in the database again', () =>
    nodes.some((node) => node.log.some(({ msg }) => msg === 'the lost revocations are in the database again')),
  );
  t.is((await revoke(b, kept.id, bearer(used))).status, 204);
  await Promise.all(nodes.map((node) => untilStatus(node, kept, 401, RECOVERY)));
  const { sql, query } = group.database;
  const revoked = await query(sql('gatehouse_revocations').orderBy('position').pluck('jti'));
  t.deepEqual(revoked, [early.id, late.id, kept.id]);
});

test('connections to a server that only reads now are given up for the new primary, by a write and by a transaction', async (t) => {
  const [before, after] = await Promise.all([privatePostgres(t), privatePostgres(t)]);
  const proxy = await serverProxy(t, before.location.port);
  const database = openDatabase({ ...before.location, port: proxy.port }, { timeout: 10_000 });
  t.teardown(() => database.close());
  for (const { location } of [before, after]) {
    const direct = openDatabase(location, { timeout: 10_000 });
    await direct.query(direct.sql.raw('create table writes (id integer not null)'));
    await direct.close();
  }
  const write = (id: number) => database.query(database.sql('writes').insert({ id }));
  const transact = (id: number) =>
    database.transact(async ({ sql, query }) => {
      await query(sql('writes').insert({ id }));
    });
  await Promise.all([1, 2, 3].map(write));
  proxy.leadTo(after.location.port);
  await before.administer('alter system set default_transaction_read_only = on');
  await before.administer('select pg_reload_conf()');
  await holds('the old one only reads', async () => {
    const [row] = await before.administer<{ value: string }>(
      "select current_setting('default_transaction_read_only') as value",
    );
    return row?.value === 'on';
  });
  await Promise.all([write(4), transact(5), write(6), transact(7)]);
  t.deepEqual(await database.query(database.sql('writes').orderBy('id').pluck('id')), [4, 5, 6, 7]);
});

/** The standby receives nothing more from the primary: it lags, as an asynchronous one may. */
async function cutReplication(primary: PrivatePostgres, standby: PrivatePostgres): Promise<void> {
  const [position] = await primary.administer<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  await holds('the standby has all so far', async () => {
    const [row] = await standby.administer<{ has: boolean }>(
      `select pg_last_wal_replay_lsn() >= '${position?.lsn}' as has`,
    );
    return row?.has === true;
  });
  await standby.administer("alter system set primary_conninfo = ''");
  await standby.administer('select pg_reload_conf()');
  await holds('it receives no more', async () => {
    return (await primary.administer('select 1 from pg_stat_replication')).length === 0;
  });
}
