import test, { type ExecutionContext } from 'ava';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { type PrivatePostgres, privatePostgres } from '../../lab/stores/postgres.ts';
import { holds } from '../../lab/waiting/condition.ts';

const HURRIED = 1_000;
const PATIENT = 10_000;
const OUT = { name: 'GatewayError', message: 'database unavailable' };

// One server, in whose ups and downs the parts follow each other.
test('faults that only PostgreSQL has are outages that end by themselves', async (t) => {
  const server = await privatePostgres(t);
  const database = opened(t, server.location, PATIENT);
  await database.query(database.sql.raw('create table entries (value integer)'));
  await database.query(database.sql('entries').insert({ value: 1 }));
  const values = () => database.query<number[]>(database.sql('entries').pluck('value'));

  t.log('what is given up on a Unix socket is cancelled there');
  const socket = opened(t, { ...server.location, host: server.socketFolder }, HURRIED);
  await socket.ping();
  await t.throwsAsync(socket.query(socket.sql.raw('select pg_sleep(60)')), OUT);
  await holds('the server has given it up', async () => (await clients(server, "wait_event = 'PgSleep'")).length === 0);

  t.log('a transaction that is idle for too long is ended by the server, and leaves nothing');
  const idle = opened(t, server.location, HURRIED).transact(async ({ sql, query }) => {
    await query(sql('entries').update({ value: 2 }));
    await holds('it is ended', async () => (await clients(server, "state = 'idle in transaction'")).length === 0);
    await query(sql('entries').update({ value: 3 }));
  });
  await t.throwsAsync(idle, OUT);
  t.deepEqual(await values(), [1]);

  t.log('a server without room for another connection is an outage at once');
  await server.administer('create role guest login');
  await server.administer('alter database gatehouse connection limit 0');
  const guest = opened(t, { ...server.location, user: 'guest' }, PATIENT);
  t.regex(await causeOf(t, guest.ping()), /too many connections/);
  await server.administer('alter database gatehouse connection limit -1');
  await t.notThrowsAsync(guest.ping());

  t.log('connections that lead to a server which has become read-only are left for new ones');
  const used = await Promise.all([1, 2, 3].map(() => readOnlySession(database)));
  t.is(used.length, 3);
  await t.notThrowsAsync(database.query(database.sql('entries').update({ value: 4 })));
  await readOnlySession(database);
  await t.notThrowsAsync(database.transact(({ sql, query }) => query(sql('entries').update({ value: 5 }))));

  t.log('a standby is an outage for the gateway, and its server once it is promoted');
  const standby = await server.standby();
  const copy = opened(t, standby.location, PATIENT);
  t.regex(await causeOf(t, copy.ping()), /read-only standby/);
  const reading = openDatabase(standby.location, { timeout: PATIENT, readOnly: true });
  t.teardown(() => reading.close());
  await holds('it has followed', async () => {
    const [value] = await reading.query<number[]>(reading.sql('entries').pluck('value'));
    return value === 5;
  });
  await standby.administer('select pg_promote()');
  await t.notThrowsAsync(copy.query(copy.sql('entries').update({ value: 6 })));
});

function opened(t: ExecutionContext, location: PostgresLocation, timeout: number): Database {
  const database = openDatabase(location, { timeout });
  t.teardown(() => database.close());
  return database;
}

function clients(server: PrivatePostgres, condition: string): Promise<unknown[]> {
  return server.administer(`select pid from pg_stat_activity where datname = 'gatehouse' and ${condition}`);
}

/** As after a failover behind an address that stays: new connections reach a server that may be written to. */
function readOnlySession({ sql, query }: Database): Promise<unknown> {
  return query(sql.raw('set session characteristics as transaction read only'));
}

/** What the log says of an outage. */
async function causeOf(t: ExecutionContext, work: Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(work, OUT);
  return error?.cause instanceof Error ? error.cause.message : '';
}
