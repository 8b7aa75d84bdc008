import { randomBytes } from 'node:crypto';
import test from 'ava';
import { hashOfId } from '../../../gateway/stores/sessions/session-store.ts';
import { sqlSessionStore } from '../../../gateway/stores/sessions/sql-sessions.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { KINDS, sharedSessions } from '../../support/stores/session-stores.ts';

const HOUR = 3_600_000;

for (const kind of KINDS) {
  test(`${kind}: a session is read as it was written last, by every gateway`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const [here, there] = [await shared.open(), await shared.open()];
    const id = newId();
    for (const content of ['{"email":"ada@example.com"}', '{"email":"ü\\u0000 \\"quoted\\" 🗝"}', 'x'.repeat(16_384)]) {
      await here.write(id, content, HOUR);
      t.is(await here.read(id), content);
      t.is(await there.read(id), content);
    }
  });

  test(`${kind}: an id under which nothing was written is nobody, also where it differs by little`, async (t) => {
    const store = await (await sharedSessions(t, kind)).open();
    await store.write('Ada', 'content', HOUR);
    for (const id of ['ada', 'Ada ', ' Ada', 'Áda', 'Ad', 'Ada\0', '', hashOfId('Ada'), newId()]) {
      t.is(await store.read(id), null, id);
    }
  });

  test(`${kind}: a session ends with its lifetime, whatever it was before`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const store = await shared.open();
    const [short, long] = [newId(), newId()];
    await store.write(long, 'long', HOUR);
    await store.write(short, 'short', HOUR);
    await store.write(short, 'short', 20);
    await holds('the session has expired', async () => (await store.read(short)) === null);
    t.is(await store.read(long), 'long');
    const left = await shared.lifeOf(long);
    t.true(left !== null && left > HOUR / 2 && left <= HOUR, String(left));
  });

  test(`${kind}: a destroyed session is gone for every gateway, and destroying it again does no harm`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const [here, there] = [await shared.open(), await shared.open()];
    const [id, other] = [newId(), newId()];
    await here.write(id, 'content', HOUR);
    await here.write(other, 'other', HOUR);
    await there.destroy(id);
    t.is(await here.read(id), null);
    t.is(await there.read(id), null);
    await there.destroy(id);
    t.is(await here.read(other), 'other');
  });

  test(`${kind}: renewing gives a session new content and a new lifetime`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const store = await shared.open();
    const id = newId();
    await store.write(id, 'old', HOUR);
    await store.renew(id, 'new', 3 * HOUR);
    t.is(await store.read(id), 'new');
    const left = await shared.lifeOf(id);
    t.true(left !== null && left > 2 * HOUR && left <= 3 * HOUR, String(left));
  });

  test(`${kind}: renewing brings back neither what was destroyed nor what has expired`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const store = await shared.open();
    const [never, destroyed, expired] = [newId(), newId(), newId()];
    await store.write(destroyed, 'content', HOUR);
    await store.destroy(destroyed);
    await store.write(expired, 'content', 20);
    await holds('the session has expired', async () => (await store.read(expired)) === null);
    for (const id of [never, destroyed, expired]) {
      await store.renew(id, 'content', HOUR);
      t.is(await store.read(id), null);
    }
  });

  test(`${kind}: an expired id can be written anew`, async (t) => {
    const store = await (await sharedSessions(t, kind)).open();
    const id = newId();
    await store.write(id, 'old', 20);
    await holds('the session has expired', async () => (await store.read(id)) === null);
    await store.write(id, 'new', HOUR);
    t.is(await store.read(id), 'new');
  });

  test(`${kind}: writes of one session at the same time all succeed`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const stores = await Promise.all([shared.open(), shared.open()]);
    const id = newId();
    await Promise.all(stores.flatMap((store) => Array.from({ length: 8 }, () => store.write(id, 'content', HOUR))));
    t.is(await stores[0].read(id), 'content');
  });

  test(`${kind}: what is stored does not tell the id`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const store = await shared.open();
    const id = newId();
    await store.write(id, 'content', HOUR);
    await store.renew(id, 'renewed', HOUR);
    const all = await shared.dump();
    t.true(all.includes('renewed'));
    t.true(all.includes(hashOfId(id)));
    t.false(all.includes(id));
    t.false(all.includes(Buffer.from(id, 'base64url').toString('hex')));
  });
}

for (const kind of DATABASES) {
  test(`${kind}: expired sessions are deleted, the longest expired first and no more than asked`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlSessionStore(database, Date);
    const now = Date.now() + HOUR;
    const rows = [-3, -1, -2, 0, 1].map((offset) => ({
      id_hash: `at${offset}`,
      content: '{}',
      expires_at: now + offset,
    }));
    await database.query(database.sql('gatehouse_sessions').insert(rows));
    const left = async () => {
      const hashes: unknown[] = await database.query(
        database.sql('gatehouse_sessions').orderBy('expires_at').pluck('id_hash'),
      );
      return hashes.map(String);
    };
    t.is(await store.deleteExpired(now, 2), 2);
    t.deepEqual(await left(), ['at-1', 'at0', 'at1']);
    t.is(await store.deleteExpired(now, 2), 1);
    t.is(await store.deleteExpired(now, 2), 0);
    t.deepEqual(await left(), ['at0', 'at1']);
  });
}

function newId(): string {
  return randomBytes(32).toString('base64url');
}
