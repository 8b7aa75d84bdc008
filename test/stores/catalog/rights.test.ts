import { randomBytes } from 'node:crypto';
import test from 'ava';
import { rightsBeyondSelect } from '../../../gateway/stores/catalog/rights.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migratedDatabase, temporaryDatabase } from '../../lab/stores/database.ts';

const USERS = { schema: null, name: 'users' };

for (const kind of ['mysql', 'postgres'] as const) {
  test(`${kind}: a user who may only read the table has no right beyond that, and each further one is named`, async (t) => {
    const location = await temporaryDatabase(t, kind);
    if (location.kind === 'sqlite') return t.fail();
    const owner = openDatabase(location, { timeout: 10_000 });
    t.teardown(() => owner.close());
    await owner.sql.raw('create table users (id integer primary key, email varchar(100), password varchar(100))');
    const role = `gatehouse_${randomBytes(6).toString('hex')}`;
    const grantee = kind === 'mysql' ? `'${role}'@'%'` : role;
    const on = kind === 'mysql' ? `\`${location.database}\`.users` : 'users';
    await owner.sql.raw(
      kind === 'mysql' ? `create user ${grantee} identified by 'x'` : `create role ${role} login password 'x'`,
    );
    t.teardown(async () => {
      if (kind === 'postgres') await owner.sql.raw(`drop owned by ${role}`);
      await owner.sql.raw(kind === 'mysql' ? `drop user ${grantee}` : `drop role ${role}`);
    });
    await owner.sql.raw(`grant select on ${on} to ${grantee}`);
    const reading = openDatabase({ ...location, user: role, password: 'x' }, { timeout: 10_000 });
    t.teardown(() => reading.close());

    t.deepEqual(await rightsBeyondSelect(reading, USERS), []);
    await owner.sql.raw(`grant update (email) on ${on} to ${grantee}`);
    t.deepEqual(await rightsBeyondSelect(reading, USERS), ['UPDATE']);
    if (kind === 'mysql') {
      const pattern = location.database.replaceAll('_', '\\_');
      await owner.sql.raw(`grant delete on \`${pattern}\`.* to ${grantee}`);
    } else await owner.sql.raw(`grant delete on users to ${role}`);
    t.deepEqual(await rightsBeyondSelect(reading, USERS), ['UPDATE', 'DELETE']);
    t.true((await rightsBeyondSelect(owner, USERS))?.includes('DROP'));
  });
}

test('the rights on an SQLite file are those of the file', async (t) => {
  t.is(await rightsBeyondSelect(await migratedDatabase(t, 'sqlite'), USERS), null);
});
