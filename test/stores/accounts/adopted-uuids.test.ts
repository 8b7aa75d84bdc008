import test from 'ava';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import type { IdForm } from '../../../gateway/settings/schema/id-form.ts';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { DATABASES, type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';
import { USERS } from './adopted-tables.ts';

const ADA = '6ccd780c-baba-1026-9564-5b8c656024db';
const BOB = '0b9c6a5e-41c7-4e0e-9a55-4c1d3b9e7f10';

/** The bytes of ADA and of BOB, as hexadecimal digits. */
const BYTES: Record<Exclude<IdForm, 'text'>, readonly [string, string]> = {
  uuid: ['6ccd780cbaba102695645b8c656024db', '0b9c6a5e41c74e0e9a554c1d3b9e7f10'],
  // As the manual of MySQL 8 prints uuid_to_bin('6ccd780c-baba-1026-9564-5b8c656024db', 1).
  'uuid-swapped': ['1026baba6ccd780c95645b8c656024db', '4e0e41c70b9c6a5e9a554c1d3b9e7f10'],
  // As Guid.Parse(…).ToByteArray() of .NET.
  guid: ['0c78cd6cbaba261095645b8c656024db', '5e6a9c0bc7410e4e9a554c1d3b9e7f10'],
};

const TYPES: Record<DatabaseKind, string> = { sqlite: 'blob', mysql: 'binary(16)', postgres: 'bytea' };

const LIKE = { ...USERS, name: 'people', columns: { id: 'id', email: 'email', logins: ['email'], password: 'hash' } };

async function people(t: Parameters<typeof migratedDatabase>[0], kind: DatabaseKind, type: string) {
  const database = await migratedDatabase(t, kind);
  await database.sql.raw(`create table people (id ${type}, email varchar(99), hash varchar(99), confirmed int)`);
  const add = (id: string | Buffer | null, email: string) => database.sql('people').insert({ id, email, confirmed: 1 });
  return { database, add };
}

for (const kind of DATABASES) {
  for (const form of ['uuid', 'uuid-swapped', 'guid'] as const) {
    test(`${kind}: an id of 16 bytes is the UUID that the application means, as ${form}`, async (t) => {
      const { database, add } = await people(t, kind, TYPES[kind]);
      const [ada, bob] = BYTES[form];
      await add(Buffer.from(ada, 'hex'), 'ada@x');
      await add(Buffer.from(bob, 'hex'), 'bob@x');
      await add(null, 'none@x');
      const memberships = `create table roles (person ${TYPES[kind]}, role varchar(20))`;
      await database.sql.raw(memberships);
      await database.sql('roles').insert({ person: Buffer.from(bob, 'hex'), role: 'staff' });
      const groups = { table: 'roles', account: 'person', name: 'role' };
      const accounts = await adoptedAccounts(database, { ...LIKE, idForm: form, groups });
      t.is((await accounts.findByLogin('Ada@x'))?.id, ADA);
      t.like(await accounts.findByLogin('bob@x'), { id: BOB, groups: ['staff'] });
      t.is((await accounts.findById(ADA))?.email, 'ada@x');
      t.is(await accounts.findByLogin('none@x'), null);
      for (const other of [ADA.toUpperCase(), ada, `${ADA}0`, 'x', '7', ADA.replace('6', 'g'), ADA.replace('6', '7')]) {
        t.is(await accounts.findById(other), null, other);
      }
      const table = await openTable(database, { ...LIKE, idForm: form });
      const rows = (await Array.fromAsync(table.chunks())).flat();
      t.deepEqual(rows.map(({ id }) => id).toSorted(), [BOB, ADA]);
      t.is((await table.sharedIds()).size, 0);
      await add(Buffer.from(ada, 'hex'), 'twin@x');
      t.deepEqual([...(await table.sharedIds())], [[ADA, 2]]);
      t.is(await accounts.findById(ADA), null);
    });
  }

  test(`${kind}: a UUID in hexadecimal digits is one, with or without hyphens`, async (t) => {
    const { database, add } = await people(t, kind, kind === 'sqlite' ? 'char(36)' : 'varchar(36)');
    await add(ADA.replaceAll('-', ''), 'ada@x');
    await add(BOB.toUpperCase(), 'bob@x');
    await add('x', 'bad@x');
    const accounts = await adoptedAccounts(database, { ...LIKE, idForm: 'uuid' });
    t.is((await accounts.findByLogin('ada@x'))?.id, ADA);
    t.is((await accounts.findById(ADA))?.email, 'ada@x');
    t.is((await accounts.findById(BOB))?.email, 'bob@x');
    t.is(await accounts.findByLogin('bad@x'), null);
    for (const id of ['x', BOB.toUpperCase(), ADA.replaceAll('-', '')]) t.is(await accounts.findById(id), null, id);
    await add(BOB, 'twin@x');
    t.is(await accounts.findById(BOB), null);
    const table = await openTable(database, { ...LIKE, idForm: 'uuid' });
    t.deepEqual([...(await table.sharedIds())], [[BOB, 2]]);
    t.is((await Array.fromAsync(table.chunks())).flat().length, 4);
  });

  test(`${kind}: what the bytes of an id mean must be said`, async (t) => {
    const { database, add } = await people(t, kind, TYPES[kind]);
    const silent = await t.throwsAsync(adoptedAccounts(database, LIKE), { instanceOf: OperatorError });
    t.regex(
      silent.message,
      /^accounts\.columns\.id: id has bytes \((blob|binary|bytea)\), and nothing says how to read them: write \{ name: id, as: uuid \}, or /,
    );
    await add(Buffer.from('a-text-of-16-let'), 'ada@x');
    const accounts = await adoptedAccounts(database, { ...LIKE, idForm: 'text' });
    t.is((await accounts.findByLogin('ada@x'))?.id, 'a-text-of-16-let');
    t.is((await accounts.findById('a-text-of-16-let'))?.email, 'ada@x');
  });
}
