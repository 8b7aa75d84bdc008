import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { basic, testGateway } from '../lab/gateways/gateway.ts';
import { temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { COLUMNS, USERS, usersTable } from '../stores/accounts/adopted-tables.ts';
import { listenOver, overAll, requestText, routeOver, valuesOf } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

const IDS = [
  '7\r\nX-Admin: 1',
  '7\nX-Admin: 1',
  '7\r\n\r\nDELETE /s HTTP/1.1\r\nHost: a\r\n\r\n',
  '7\u010aX-Admin: 1',
  '7\0',
];

overAll('an id of an adopted table that would split the request reaches no upstream', async (t, over) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  const insert = await usersTable(database, { id: 'varchar(300)' });
  const password = await hashPassword('secret', 4);
  await insert({ id: '7', email: 'good@x.test', password });
  await insert(...IDS.map((id, index) => ({ id, email: `${index}@x.test`, password })));
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    database: { url: urlOf(location) },
    accounts: { table: USERS.name, columns: { ...COLUMNS, confirmed: 'confirmed' } },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
  });
  const ask = (email: string) =>
    rawExchange(
      gateway.port,
      requestText('GET /api/v1/o', [`Authorization: ${basic({ email, password: 'secret' })}`, 'Connection: close']),
    );
  t.is(statusOf(await ask('good@x.test')), 200);
  for (const index of IDS.keys()) {
    const answer = await ask(`${index}@x.test`);
    t.is(statusOf(answer), 401);
    t.deepEqual(valuesOf(answer, 'x-admin'), []);
  }
  t.deepEqual(
    upstream.seen.map((request) => request.values('x-user-id')),
    [['7']],
  );
});
