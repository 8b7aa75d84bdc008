import test from 'ava';
import { holds } from '../../lab/waiting/condition.ts';
import { HOUR, record, sentBack } from '../../support/pages/session-pages.ts';
import { idOf, logIn, watchedPages, who } from '../../support/pages/watched-sessions.ts';

test('a session is renewed when half of its time is over, and neither before nor under another id', async (t) => {
  const { pages, store, calls } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  const id = idOf(cookie);
  for (const [left, isRenewed] of [
    [0.9, false],
    [0.6, false],
    [0.4, true],
    [0.1, true],
  ] as const) {
    const expire = Date.now() + left * HOUR;
    await store.write(id, JSON.stringify({ ...record('ada'), _expire: Math.floor(expire) }), left * HOUR);
    calls.length = 0;
    const answer = await pages.ask('GET', '/', { headers: { Cookie: cookie } });
    t.deepEqual(JSON.parse(answer.body), record('ada'));
    t.deepEqual(calls, isRenewed ? ['read', 'renew'] : ['read']);
    const [renewed] = answer.cookies;
    t.is(renewed === undefined ? undefined : sentBack(renewed), isRenewed ? cookie : undefined);
    const stored = JSON.parse((await store.read(id)) ?? '{}');
    t.is(stored._expire > expire + HOUR / 3, isRenewed);
  }
});

test('a renewal that comes after a logout does not bring the session back', async (t) => {
  const { pages, store, gate } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  const expire = Math.floor(Date.now() + HOUR / 4);
  await store.write(idOf(cookie), JSON.stringify({ ...record('ada'), _expire: expire }), HOUR / 4);
  const renewal = gate('renew');
  const slow = pages.ask('GET', '/', { headers: { Cookie: cookie } });
  await holds('the renewal is under way', renewal.isReached);
  await store.destroy(idOf(cookie));
  renewal.open();
  t.is((await slow).status, 200);
  t.is(await who(pages, cookie), null);
});
