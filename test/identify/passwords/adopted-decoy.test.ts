import test from 'ava';
import { decoyFor } from '../../../gateway/identify/passwords/decoy.ts';
import { migratedDatabase } from '../../lab/stores/database.ts';
import { settingsOf } from '../../settings/problems.ts';
import { FIXTURES, FIXTURES_BY_SETTINGS, verifiable } from './hashes/fixtures.ts';

const ROUTES = 'routes: [{ name: o, path: /api/v1/o, upstream: "http://127.0.0.1:9000" }]\n';
const hashOf = (format: string) => FIXTURES.find((one) => one.format === format && one.cheap)?.hash ?? '';

for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
  test(`${kind}: what stands in for a missing hash is like most of the application's table, and bcrypt where none is`, async (t) => {
    const { accounts } = settingsOf(
      t,
      `accounts: { table: users, confirmedWhen: "1 = 1", passwordCost: 5 }\n${ROUTES}`,
    );
    const database = await migratedDatabase(t, kind);
    await database.sql.raw('create table users (id int, email varchar(9), password varchar(255))');
    const decoy = async () => {
      const { format, parameters } = verifiable(await decoyFor(database, accounts));
      return `${format} ${parameters}`;
    };
    t.is(await decoy(), 'bcrypt cost 5');

    const add = (...hashes: (string | null)[]) =>
      database.sql('users').insert(hashes.map((password) => ({ password })));
    await add('md5', 'md5', 'md5', 'md5', null);
    t.is(await decoy(), 'bcrypt cost 5');

    const [django, werkzeug] = [hashOf('Django pbkdf2_sha256'), hashOf('Werkzeug scrypt')];
    await add(werkzeug, django, django);
    const { format, parameters } = verifiable(django);
    t.is(await decoy(), `${format} ${parameters}`);
    t.not(await decoyFor(database, accounts), django);
  });
}

test('a weak hash never stands in, however common it is: it takes no time', async (t) => {
  const text = `accounts: { table: users, confirmedWhen: "1 = 1", passwordCost: 5, allowWeakHashes: true }\n${ROUTES}`;
  const { accounts } = settingsOf(t, text);
  const database = await migratedDatabase(t, 'sqlite');
  await database.sql.raw('create table users (id int, email varchar(9), password varchar(255))');
  const format = async () => verifiable(await decoyFor(database, accounts)).format;
  for (const { hash } of FIXTURES_BY_SETTINGS.filter((one) => one.format.startsWith('LDAP {SSHA')))
    await database.sql('users').insert({ password: hash });
  t.is(await format(), 'bcrypt');
  await database.sql('users').insert({ password: hashOf('Django pbkdf2_sha256') });
  t.is(await format(), 'Django pbkdf2_sha256');
});
