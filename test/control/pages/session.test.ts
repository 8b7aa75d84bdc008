import test from 'ava';
import { HOUR, record, sessionPages } from '../../support/pages/session-pages.ts';
import { GONE, idOf, logIn, sessionCookies, watchedPages, who } from '../../support/pages/watched-sessions.ts';
import { KINDS, sharedSessions } from '../../support/stores/session-stores.ts';

test('a login gives a new id and ends the old session, so that a planted cookie is worth nothing', async (t) => {
  const { pages } = await watchedPages(t);
  const planted = await logIn(pages, 'eve');
  const victim = await logIn(pages, 'ada', planted);
  t.not(idOf(victim), idOf(planted));
  t.is(await who(pages, planted), null);
  t.deepEqual(await who(pages, victim), record('ada'));
  const again = await logIn(pages, 'ada', victim);
  t.is(await who(pages, victim), null);
  t.deepEqual(await who(pages, again), record('ada'));
});

test('the id of a session that has ended is not taken up by the next login', async (t) => {
  const { pages, store } = await watchedPages(t);
  const old = await logIn(pages, 'ada');
  await store.destroy(idOf(old));
  const next = await logIn(pages, 'ada', old);
  t.not(idOf(next), idOf(old));
  t.is(await who(pages, old), null);
});

test('logging out ends the session in the store, and clears the cookie: whoever replays it is nobody', async (t) => {
  const { pages, store } = await watchedPages(t);
  const [cookie, other] = [await logIn(pages, 'ada'), await logIn(pages, 'ada')];
  const out = await pages.ask('POST', '/out', { headers: { Cookie: cookie } });
  t.is(JSON.parse(out.body).who, null);
  t.deepEqual(sessionCookies(out), [`gatehouse_session=; path=/; ${GONE}`]);
  t.is(await store.read(idOf(cookie)), null);
  t.is(await who(pages, cookie), null);
  t.deepEqual(await who(pages, other), record('ada'));
});

test('requests at the same time with one session all have it, and write nothing', async (t) => {
  const { pages, calls } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  calls.length = 0;
  const answers = await Promise.all(Array.from({ length: 20 }, () => who(pages, cookie)));
  for (const answer of answers) t.deepEqual(answer, record('ada'));
  t.deepEqual([...new Set(calls)], ['read']);
});

test('logins at the same time from one browser are sessions of their own, and the old one is over', async (t) => {
  const { pages } = await watchedPages(t);
  const old = await logIn(pages, 'ada');
  const cookies = await Promise.all(Array.from({ length: 5 }, () => logIn(pages, 'ada', old)));
  t.is(new Set(cookies).size, 5);
  for (const cookie of cookies) t.deepEqual(await who(pages, cookie), record('ada'));
  t.is(await who(pages, old), null);
});

for (const kind of KINDS) {
  test(`gateways that share ${kind} share the sessions, and what one ends is over at the other`, async (t) => {
    const shared = await sharedSessions(t, kind);
    const [a, b] = [
      await sessionPages(t, { store: await shared.open() }),
      await sessionPages(t, { store: await shared.open() }),
    ];
    const cookie = await logIn(a, 'ada');
    t.deepEqual(await who(b, cookie), record('ada'));
    const life = await shared.lifeOf(idOf(cookie));
    t.true(life !== null && life > HOUR / 2 && life < 2 * HOUR, String(life));
    await b.ask('POST', '/out', { headers: { Cookie: cookie } });
    t.is(await who(a, cookie), null);
    t.is(await shared.lifeOf(idOf(cookie)), null);
    t.false((await shared.dump()).includes(idOf(cookie)));
  });
}

test('what is no record of ours in the store is no session', async (t) => {
  const { pages, store } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  const good = { ...record('ada'), _expire: Date.now() + HOUR };
  const bad: unknown[] = [
    null,
    1,
    'ada',
    [],
    {},
    [good],
    ...Object.keys(good).map((key) => ({ ...good, [key]: undefined })),
    { ...good, accountId: 1 },
    { ...good, accountId: '' },
    { ...good, logins: null },
    { ...good, logins: [] },
    { ...good, stamp: {} },
    { ...good, createdAt: '1' },
    { ...good, createdAt: -1 },
    { ...good, createdAt: 1.5 },
    { ...good, _expire: String(good._expire) },
    { ...good, _expire: Date.now() - 1 },
  ];
  for (const content of ['', '{', 'null', ...bad.map((value) => JSON.stringify(value))]) {
    await store.write(idOf(cookie), content, HOUR);
    t.is(await who(pages, cookie), null, content);
  }
  for (const more of [{}, { maxAge: 'forever' }, { toJSON: 1, isNew: true, save: null, _maxAge: 'session' }]) {
    await store.write(idOf(cookie), JSON.stringify({ ...good, ...more }), HOUR);
    t.deepEqual(await who(pages, cookie), record('ada'));
  }
});
