import test from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { DATABASES, temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { loggedInAt } from '../support/pages/owner-pages.ts';

const ROUTES = [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }];

interface Listed {
  readonly id: string;
  readonly name: string | null;
  readonly live: boolean;
}

async function namesAt(url: string, who: { email: string; password: string }): Promise<(string | null)[]> {
  const answer = await fetch(`${url}/api/v1/tokens/`, { headers: { Authorization: basic(who) } });
  return ((await answer.json()) as { tokens: Listed[] }).tokens.map(({ name }) => name);
}

async function issue(url: string, who: { email: string; password: string }, name: string): Promise<string> {
  const body = JSON.stringify({ name });
  const answer = await fetch(`${url}/api/v1/tokens/`, { method: 'POST', headers: { Authorization: basic(who) }, body });
  return ((await answer.json()) as { token: string }).token;
}

test('once an application has changed a password, the tokens from before are in no list', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const application = openDatabase(location, { timeout: 5_000 });
  t.teardown(() => application.close());
  const { sql, query } = application;
  await query(sql.raw('create table users (id integer primary key, email text, password text, ok integer)'));
  const eve = { email: 'eve@example.com', password: 'before' };
  await query(sql('users').insert({ id: 7, email: eve.email, password: await hashPassword('before', 4), ok: 1 }));
  const { url } = await testGateway(t, {
    database: { url: urlOf(location) },
    accounts: { table: 'users', columns: { confirmed: 'ok' }, cache: '1ms' },
    routes: ROUTES,
  });
  const old = await issue(url, eve, 'old');
  t.deepEqual(await namesAt(url, eve), ['old']);

  await query(sql('users').update({ password: await hashPassword('after', 4) }));
  const changed = { ...eve, password: 'after' };
  t.deepEqual(await namesAt(url, changed), []);
  t.is((await fetch(`${url}/api/v1/o`, { headers: { Authorization: `Bearer ${old}` } })).status, 401);
  await issue(url, changed, 'new');
  t.deepEqual(await namesAt(url, changed), ['new']);
  const page = await (await loggedInAt(url, changed)).get('/account');
  t.deepEqual(
    [...page.body.matchAll(/<th scope="row">(\w+)</g)].map(([, name]) => name),
    ['new'],
  );
});

for (const kind of DATABASES) {
  test(`${kind}: \`token list\` says which tokens are live: not those of a secret that is gone, of an old stamp, or too long`, async (t) => {
    const location = await temporaryDatabase(t, kind);
    const group = await gateways(t, { location, redis: '', upstream: 'http://127.0.0.1:9' });
    const before = await group.start('before', { tokens: { secrets: ['of a time that is over, and long enough'] } });
    await issue(before.url, ADA, 'signed before');
    const node = await group.start('node');
    for (const name of ['long', 'old', 'live']) await issue(node.url, ADA, name);
    const row = (name: string) => group.database.sql('gatehouse_tokens').where({ name });
    await group.database.query(row('old').update({ bound_to: 'x'.repeat(22) }));
    await group.database.query(row('long').update({ expires_at: Date.now() + 40 * 86_400_000 }));
    const listed = async () => {
      const { stdout } = await group.command(['token', 'list', ADA.email, '--json']);
      const tokens = JSON.parse(stdout) as Listed[];
      return Object.fromEntries(tokens.map(({ name, live }) => [name, live]));
    };
    t.deepEqual(await listed(), { 'signed before': false, long: false, old: false, live: true });
    t.deepEqual(await namesAt(node.url, ADA), ['live']);
    await group.accounts.setConfirmed('1', false);
    t.is((await listed()).live, false);
  });
}

test('a hash that the gateway replaces at a login leaves the tokens alive and in the list', async (t) => {
  const { url, accounts } = await testGateway(t, { accounts: { passwordCost: 5, cache: '1ms' }, routes: ROUTES });
  const hash = await hashPassword(ADA.password, 4);
  await accounts.setPassword('1', hash);
  const token = await issue(url, ADA, 'kept');
  while ((await accounts.findById('1'))?.passwordHash === hash) await namesAt(url, ADA);
  t.deepEqual(await namesAt(url, ADA), ['kept']);
  const answer = await fetch(`${url}/api/v1/tokens/`, { headers: { Authorization: `Bearer ${token}` } });
  t.is(answer.status, 200);
});
