import test from 'ava';
import { sqlAccountStore } from '../../gateway/accounts/store.ts';
import type { Account } from '../../gateway/state.ts';
import { migratedDatabase } from '../support/database.ts';

for (const kind of ['sqlite', 'mysql'] as const) {
  test(`${kind}: an added account is found by email and by id`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const ada = await added(store.add({ email: 'Ada@Example.com', passwordHash: 'h', confirmed: false }));
    t.like(ada, { id: '1', email: 'Ada@Example.com', passwordHash: 'h', confirmed: false });
    t.true(ada.stamp.length >= 16);
    t.deepEqual(await store.findByEmail('ada@example.COM'), ada);
    t.deepEqual(await store.findById('1'), ada);
    t.is(await store.findByEmail('bob@example.com'), null);
    t.is(await store.findById('2'), null);
  });

  test(`${kind}: emails are one where Unicode says so, whatever the collation would say`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const umit = await added(store.add({ email: 'ümit@x', passwordHash: null, confirmed: false }));
    t.is((await store.findByEmail('ÜMIT@X'))?.id, umit.id);
    t.is((await store.findByEmail('u\u0308mit@x'))?.id, umit.id);
    for (const other of ['umit@x', 'ümit@x ', ' ümit@x', 'ümit@x\0', 'ümıt@x', 'üm%@x', 'ümit@x\u200b', '']) {
      t.is(await store.findByEmail(other), null, JSON.stringify(other));
    }
    t.is((await store.add({ email: 'umit@x', passwordHash: null, confirmed: false })).kind, 'added');
    t.is((await store.add({ email: 'strasse@x', passwordHash: null, confirmed: false })).kind, 'added');
    t.is((await store.add({ email: 'straße@x', passwordHash: null, confirmed: false })).kind, 'added');
  });

  test(`${kind}: two accounts cannot have one email, not even when they are added at once`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const attempts = ['é@x', 'É@X', 'e\u0301@x', 'É@x'].map((email) =>
      store.add({ email, passwordHash: null, confirmed: false }),
    );
    const kinds = (await Promise.all(attempts)).map((outcome) => outcome.kind);
    t.deepEqual(kinds.sort(), ['added', 'taken', 'taken', 'taken']);
    t.is((await store.list()).length, 1);
  });

  test(`${kind}: only the exact decimal id finds an account`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    await added(store.add({ email: 'a@x', passwordHash: null, confirmed: false }));
    const others = ['1abc', '01', ' 1', '1 ', '1.0', '+1', '1e0', '0x1', '', '0', '-1', 'NaN', '١', '9007199254740993'];
    for (const id of [...others, '9'.repeat(400), '1\0', "1' or '1'='1"]) {
      t.is(await store.findById(id), null, JSON.stringify(id));
      t.false(await store.remove(id), JSON.stringify(id));
      t.false(await store.setPassword(id, 'h'), JSON.stringify(id));
      t.false(await store.setConfirmed(id, true), JSON.stringify(id));
    }
    t.not(await store.findById('1'), null);
  });

  test(`${kind}: confirming draws a new stamp, unconfirming and confirming again what is confirmed leave it`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const { id, stamp: first } = await added(store.add({ email: 'a@x', passwordHash: null, confirmed: false }));
    t.true(await store.setConfirmed(id, true));
    const confirmed = await store.findById(id);
    t.true(confirmed?.confirmed);
    t.not(confirmed?.stamp, first);

    t.false(await store.setConfirmed(id, true));
    t.deepEqual(await store.findById(id), confirmed);

    t.true(await store.setConfirmed(id, false));
    t.false(await store.setConfirmed(id, false));
    t.deepEqual(await store.findById(id), { ...(confirmed as Account), confirmed: false });

    t.true(await store.setConfirmed(id, true));
    t.not((await store.findById(id))?.stamp, confirmed?.stamp);
  });

  test(`${kind}: a new password draws a new stamp, even if it is the old one`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const { id, stamp } = await added(store.add({ email: 'a@x', passwordHash: 'h', confirmed: true }));
    t.true(await store.setPassword(id, 'h'));
    const account = await store.findById(id);
    t.is(account?.passwordHash, 'h');
    t.true(account?.confirmed);
    t.not(account?.stamp, stamp);
  });

  test(`${kind}: an id is not given out again after its account was removed`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const { id } = await added(store.add({ email: 'a@x', passwordHash: null, confirmed: false }));
    t.true(await store.remove(id));
    t.false(await store.remove(id));
    t.is(await store.findById(id), null);
    t.is(await store.findByEmail('a@x'), null);
    const next = await added(store.add({ email: 'a@x', passwordHash: null, confirmed: false }));
    t.not(next.id, id);
  });

  test(`${kind}: the list has every account in order, with its times, and no hash`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const before = Date.now();
    await added(store.add({ email: 'b@x', passwordHash: 'secret', confirmed: true }));
    await added(store.add({ email: 'a@x', passwordHash: 'secret', confirmed: false }));
    const [b, a] = await store.list();
    t.deepEqual(Object.keys(b ?? {}).sort(), ['confirmedAt', 'createdAt', 'email', 'id']);
    t.like(b, { id: '1', email: 'b@x' });
    t.like(a, { id: '2', email: 'a@x', confirmedAt: null });
    t.true(b !== undefined && b.createdAt >= before && b.createdAt <= Date.now());
    t.is(b?.confirmedAt, b?.createdAt);
  });

  test(`${kind}: a hash that nobody can check comes back as it is stored`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    for (const [email, passwordHash] of [
      ['a@x', null],
      ['b@x', ''],
      ['c@x', ' {bcrypt}ü '],
      ['d@x', 'x'.repeat(255)],
    ] as const) {
      const { id } = await added(store.add({ email, passwordHash, confirmed: false }));
      t.is((await store.findById(id))?.passwordHash, passwordHash);
    }
  });

  test(`${kind}: a text that is too long for the table is refused and not cut to fit`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    t.is(await store.findByEmail(`${'a'.repeat(5000)}@x`), null);
    if (kind === 'sqlite') return;
    const adding = store.add({ email: 'a@x', passwordHash: 'x'.repeat(256), confirmed: false });
    await t.throwsAsync(adding, { message: 'database unavailable' });
    t.deepEqual(await store.list(), []);
  });
}

async function added(adding: ReturnType<ReturnType<typeof sqlAccountStore>['add']>): Promise<Account> {
  const outcome = await adding;
  if (outcome.kind !== 'added') throw new Error('the email is taken');
  return outcome.account;
}
