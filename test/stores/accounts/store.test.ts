import test from 'ava';
import type { Account } from '../../../gateway/domain/account.ts';
import { partForTokens } from '../../../gateway/domain/account.ts';
import { sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';

for (const kind of DATABASES) {
  test(`${kind}: an added account is found by email and by id`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const ada = await added(store.add({ email: 'Ada@Example.com', passwordHash: 'h', confirmed: false }));
    t.like(ada, { id: '1', email: 'Ada@Example.com', passwordHash: 'h', confirmed: false });
    t.true(ada.stamp.length >= 16);
    t.deepEqual(await store.findByLogin('ada@example.COM'), ada);
    t.deepEqual(await store.findById('1'), ada);
    t.is(await store.findByLogin('bob@example.com'), null);
    t.is(await store.findById('2'), null);
  });

  test(`${kind}: emails are one where Unicode says so, whatever the collation would say`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const umit = await added(store.add({ email: 'ümit@x', passwordHash: null, confirmed: false }));
    t.is((await store.findByLogin('ÜMIT@X'))?.id, umit.id);
    t.is((await store.findByLogin('u\u0308mit@x'))?.id, umit.id);
    for (const other of ['umit@x', 'ümit@x ', ' ümit@x', 'ümit@x\0', 'ümıt@x', 'üm%@x', 'ümit@x\u200b', '']) {
      t.is(await store.findByLogin(other), null, JSON.stringify(other));
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

  test(`${kind}: an account has the groups that were set last, as bytes, and none after it is removed`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const ada = await added(store.add({ email: 'a@x', passwordHash: null, confirmed: true }));
    await added(store.add({ email: 'b@x', passwordHash: null, confirmed: true }));
    t.deepEqual(ada.groups, []);
    t.true(await store.setGroups(ada.id, ['staff', 'Staff', 'team:a/b', 'staff']));
    const groups = ['Staff', 'staff', 'team:a/b'];
    t.deepEqual(await store.findById(ada.id), { ...ada, groups });
    t.deepEqual((await store.findByLogin('A@X'))?.groups, groups);
    t.deepEqual((await store.findById('2'))?.groups, []);

    t.true(await store.setGroups(ada.id, ['admin']));
    t.deepEqual((await store.findById(ada.id))?.groups, ['admin']);
    t.true(await store.setGroups(ada.id, []));
    t.deepEqual(await store.findById(ada.id), ada);

    await store.setGroups(ada.id, ['admin']);
    t.true(await store.remove(ada.id));
    t.false(await store.setGroups(ada.id, ['admin']));
    t.false(await store.setGroups('1abc', ['admin']));
    t.is(await store.findById(ada.id), null);
  });

  test(`${kind}: only the exact decimal id finds an account`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const first = await added(store.add({ email: 'a@x', passwordHash: null, confirmed: false }));
    const others = ['1abc', '01', ' 1', '1 ', '1.0', '+1', '1e0', '0x1', '', '0', '-1', 'NaN', '١', '9007199254740993'];
    for (const id of [...others, '9'.repeat(400), '1\0', "1' or '1'='1"]) {
      t.is(await store.findById(id), null, JSON.stringify(id));
      t.false(await store.remove(id), JSON.stringify(id));
      t.false(await store.setPassword(id, 'h'), JSON.stringify(id));
      t.false(await store.setConfirmed(id, true), JSON.stringify(id));
      t.false(await store.confirm(id, first.stamp), JSON.stringify(id));
      t.is(await store.setEmail({ ...first, id }, 'b@x', 'end'), 'stale', JSON.stringify(id));
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

  test(`${kind}: an account is confirmed only in the state that was seen, and once`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const { id, stamp } = await added(store.add({ email: 'a@x', passwordHash: 'h', confirmed: false }));
    for (const other of ['', 'x', `${stamp} `, stamp.toUpperCase() === stamp ? 'X' : stamp.toUpperCase()]) {
      t.false(await store.confirm(id, other), other);
    }
    t.false((await store.findById(id))?.confirmed);

    const both = await Promise.all([store.confirm(id, stamp), store.confirm(id, stamp)]);
    t.deepEqual(both.sort(), [false, true]);
    const confirmed = await store.findById(id);
    t.true(confirmed?.confirmed);
    t.not(confirmed?.stamp, stamp);
    t.false(await store.confirm(id, confirmed?.stamp ?? ''));
    t.is((await store.findById(id))?.stamp, confirmed?.stamp);
  });

  test(`${kind}: a password that depends on a stamp is set in that state alone, and by one of two`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const { id, stamp } = await added(store.add({ email: 'a@x', passwordHash: 'h', confirmed: true }));
    t.false(await store.setPassword(id, 'other', 'x'));
    t.is((await store.findById(id))?.passwordHash, 'h');

    const both = await Promise.all([store.setPassword(id, 'one', stamp), store.setPassword(id, 'two', stamp)]);
    t.deepEqual(both.toSorted(), [false, true]);
    const changed = await store.findById(id);
    t.is(changed?.passwordHash, both[0] ? 'one' : 'two');
    t.not(changed?.stamp, stamp);

    t.true(await store.setPassword(id, null, changed?.stamp ?? ''));
    t.is((await store.findById(id))?.passwordHash, null);
  });

  test(`${kind}: an email is changed in the state that was seen, and the old one is free again`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const ada = await added(store.add({ email: 'ada@x', passwordHash: 'h', confirmed: true }));
    t.is(await store.setEmail({ ...ada, stamp: 'x' }, 'new@x', 'end'), 'stale');
    t.is(await store.setEmail({ ...ada, email: 'ADA@x' }, 'new@x', 'end'), 'stale');
    t.is(await store.setEmail(ada, 'New@X', 'end'), 'changed');
    t.is(await store.setEmail(ada, 'other@x', 'end'), 'stale');

    const changed = await store.findByLogin('new@x');
    t.like(changed, { id: ada.id, email: 'New@X', passwordHash: 'h', confirmed: true });
    t.not(changed?.stamp, ada.stamp);
    t.is(await store.findByLogin('ada@x'), null);
    t.is((await store.add({ email: 'ada@x', passwordHash: null, confirmed: false })).kind, 'added');
  });

  test(`${kind}: an email that is changed while tokens go on leaves their part of the stamp alone, and never gives the same stamp twice`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const ada = await added(store.add({ email: 'ada@x', passwordHash: 'h', confirmed: true }));
    const both = await Promise.all(['one@x', 'two@x'].map((email) => store.setEmail(ada, email, 'keep')));
    t.deepEqual(both.toSorted(), ['changed', 'stale']);
    const changed = await store.findById(ada.id);
    t.is(changed?.email, both[0] === 'changed' ? 'one@x' : 'two@x');
    // The same address in another spelling is its own already.
    t.is(await store.setEmail(changed ?? ada, changed?.email.toUpperCase() ?? '', 'keep'), 'changed');
    const again = await store.findById(ada.id);
    const stamps = [ada, changed, again].map((account) => account?.stamp ?? '');
    t.is(new Set(stamps).size, 3);
    t.deepEqual([...new Set(stamps.map(partForTokens))], [ada.stamp]);
  });

  test(`${kind}: an email that another account has stays there, in a transaction too, and for one of two`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlAccountStore(database);
    const ada = await added(store.add({ email: 'ada@x', passwordHash: null, confirmed: true }));
    const bob = await added(store.add({ email: 'bob@x', passwordHash: null, confirmed: true }));
    t.is(await store.setEmail(bob, 'ADA@x', 'end'), 'taken');
    const inside = database.transact(async (asker) => await sqlAccountStore(asker).setEmail(bob, 'ada@x', 'end'));
    t.is(await inside, 'taken');
    t.deepEqual(await store.findById(bob.id), bob);

    const both = await Promise.all([store.setEmail(ada, 'new@x', 'end'), store.setEmail(bob, 'NEW@x', 'end')]);
    t.deepEqual(both.sort(), ['changed', 'taken']);
  });

  test(`${kind}: an id is not given out again after its account was removed`, async (t) => {
    const store = sqlAccountStore(await migratedDatabase(t, kind));
    const { id } = await added(store.add({ email: 'a@x', passwordHash: null, confirmed: false }));
    t.true(await store.remove(id));
    t.false(await store.remove(id));
    t.is(await store.findById(id), null);
    t.is(await store.findByLogin('a@x'), null);
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
    t.is(await store.findByLogin(`${'a'.repeat(5000)}@x`), null);
    if (kind !== 'mysql') return;
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
