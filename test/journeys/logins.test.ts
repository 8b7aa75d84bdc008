import test, { type ExecutionContext } from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { basic, testGateway } from '../lab/gateways/gateway.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { visitor } from '../support/pages/page-visitor.ts';

const PEOPLE = [
  { id: 1, username: 'ada', phone: '4930123', email: 'ada@example.com' },
  { id: 2, username: '4930123', phone: '4930999', email: '' },
  { id: 3, username: 'ada@example.com', phone: null, email: 'eve@example.com' },
];
const LOGINS = ['username', 'email', 'phone'];

/** A gateway before a table of people, whose passwords are "of" and their id. */
async function beforePeople(t: ExecutionContext, kind: DatabaseKind, login: string | string[]) {
  const location = await temporaryDatabase(t, kind);
  const { sql, query, close } = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => close());
  await query(
    sql.raw(
      'create table people (id int primary key, username varchar(99), phone varchar(99), email varchar(99), password varchar(99))',
    ),
  );
  for (const one of PEOPLE) {
    await query(sql('people').insert({ ...one, password: await hashPassword(`of ${one.id}`, 4) }));
  }
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    database: { url: urlOf(location), timeout: '10s' },
    accounts: { table: 'people', columns: { login, email: 'email' }, confirmedWhen: '1 = 1', cache: '1ms' },
    identity: { email: true },
    tokens: { secrets: ['of this test alone, and long enough'] },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
  });
  const ask = (authorization: string) =>
    fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: authorization } });
  /** The status, and what the upstream learns of the sender. */
  const seen = async (email: string, password: string) => {
    const { status } = await ask(basic({ email, password }));
    const sender = ['x-user-id', 'x-user-email'].map((name) => upstream.seen.at(-1)?.values(name)[0] ?? '');
    return [status, ...(status === 200 ? sender : [])].join(' ').trim();
  };
  return { gateway, ask, seen, sql, query };
}

for (const kind of DATABASES) {
  test(`${kind}: who logs in by name, email or phone number is the same account, and only one`, async (t) => {
    const { gateway, ask, seen, sql, query } = await beforePeople(t, kind, LOGINS);
    for (const login of ['ada', 'ada@example.com', 'ADA@example.com']) {
      t.is(await seen(login, 'of 1'), '200 1 ada@example.com', login);
    }
    t.is(await seen('Ada', 'of 1'), '401');
    t.is(await seen('4930999', 'of 2'), '200 2', 'without an email, the field is left out');
    t.is(await seen('ada@example.com', 'of 3'), '401', 'a user name with an @ is no login');
    t.is(await seen('eve@example.com', 'of 3'), '200 3 eve@example.com');
    for (const password of ['of 1', 'of 2']) t.is(await seen('4930123', password), '401', 'it names two accounts');
    const warning = await gateway.logged(
      ({ msg }) => msg === 'several accounts have the same login: nobody can log in with it',
    );
    t.deepEqual([...(warning.accounts as string[])].sort(), ['1', '2']);
    t.is(gateway.log.filter(({ msg }) => msg === warning.msg).length, 1);

    const issued = await fetch(`${gateway.url}/api/v1/tokens/`, {
      method: 'POST',
      headers: { Authorization: basic({ email: 'ada', password: 'of 1' }) },
    });
    const token = `Bearer ${((await issued.json()) as { token: string }).token}`;
    t.is((await ask(token)).status, 200);
    await query(sql('people').where({ id: 1 }).update({ username: 'lovelace' }));
    t.is(await seen('ada', 'of 1'), '401', 'the old name is nobody');
    t.is(await seen('lovelace', 'of 1'), '200 1 ada@example.com');
    t.is((await ask(token)).status, 200, 'a token names the account by its id');
  });
}

test('the login page asks for what account owners log in with, and shows who is logged in by it', async (t) => {
  const { gateway } = await beforePeople(t, 'sqlite', LOGINS);
  const browser = visitor(gateway.url);
  const page = await browser.get('/account/login');
  t.regex(page.body, /Username or email or phone/);
  t.notRegex(page.body, /type="email"/);
  const refused = await browser.post('/account/login', { email: 'ada', password: 'wrong' });
  t.regex(refused.body, /no account with this username or email or phone and this password/);
  t.is((await browser.post('/account/login', { email: '4930999', password: 'of 2' })).status, 303);
  t.regex((await browser.get('/account')).body, /<span title="4930123">4930123</);
});

test('failed logins count by the text that was typed, whatever its case', async (t) => {
  const { gateway, ask } = await beforePeople(t, 'sqlite', ['username']);
  const limit = 10;
  const statuses: number[] = [];
  for (let attempt = 0; attempt <= limit; attempt++) {
    const email = attempt % 2 === 0 ? 'ada' : 'ADA';
    statuses.push((await ask(basic({ email, password: `wrong ${attempt}` }))).status);
  }
  t.deepEqual(statuses, [...Array.from({ length: limit }, () => 401), 429]);
  t.truthy(gateway.url);
});
