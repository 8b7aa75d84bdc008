import test from 'ava';
import { record } from '../../support/pages/session-pages.ts';
import { GONE, logIn, sessionCookies, watchedPages, who } from '../../support/pages/watched-sessions.ts';

test('while the store is out, whoever has a session hears 503 and is not taken for logged out', async (t) => {
  const { pages, outage } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  outage.begin();
  const unavailable = { status: 503, body: 'service_unavailable', cookies: [] };
  for (const [method, path] of [
    ['GET', '/'],
    ['POST', '/in?name=ada'],
    ['POST', '/out'],
  ] as const) {
    t.deepEqual(await pages.ask(method, path, { headers: { Cookie: cookie } }), unavailable, path);
  }
  t.is((await pages.ask('GET', '/')).body, 'null');
  t.is((await pages.ask('POST', '/in?name=ada')).status, 503);
  outage.end();
  t.deepEqual(await who(pages, cookie), record('ada'));
});

test('a logout that the store did not hear of is no logout', async (t) => {
  const { pages, outage } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  outage.begin('destroy');
  const out = await pages.ask('POST', '/out', { headers: { Cookie: cookie } });
  t.deepEqual(out, { status: 503, body: 'service_unavailable', cookies: [] });
  outage.end();
  t.deepEqual(await who(pages, cookie), record('ada'));
});

test('a login that the store did not take is none, and the session before it is over', async (t) => {
  const { pages, outage } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  outage.begin('write');
  const login = await pages.ask('POST', '/in?name=bob', { headers: { Cookie: cookie } });
  t.is(login.status, 503);
  t.deepEqual(sessionCookies(login), [`gatehouse_session=; path=/; ${GONE}`]);
  outage.end();
  t.is(await who(pages, cookie), null);
});
