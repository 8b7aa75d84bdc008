import test from 'ava';
import { hashOfId } from '../../../gateway/stores/sessions/session-store.ts';
import { HOUR, record, SECRET, sentBack, sessionPages } from '../../support/pages/session-pages.ts';
import { GONE, logIn, sessionCookies, watchedPages, who } from '../../support/pages/watched-sessions.ts';

const DATE = String.raw`\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT`;
const VALUE = '[\\w-]{43}\\.[\\w-]{43}';

test('a visitor who does not log in gets no cookie, and costs the store nothing', async (t) => {
  const { pages, calls } = await watchedPages(t);
  for (const cookie of [undefined, 'a=b', 'gatehouse_session=', '__Host-gatehouse_session=x']) {
    const answer = await pages.ask('GET', '/', cookie === undefined ? {} : { headers: { Cookie: cookie } });
    t.deepEqual(answer, { status: 200, body: 'null', cookies: [] });
  }
  const out = await pages.ask('POST', '/out');
  t.deepEqual(sessionCookies(out), []);
  t.deepEqual(calls, []);
});

test('a login sets one cookie, of which scripts and other sites get nothing, and which says nothing but an id', async (t) => {
  const { pages } = await watchedPages(t);
  const before = Date.now();
  const [cookie, ...more] = sessionCookies(await pages.ask('POST', '/in?name=ada'));
  t.deepEqual(more, []);
  t.regex(cookie ?? '', new RegExp(`^gatehouse_session=${VALUE}; path=/; expires=${DATE}; samesite=lax; httponly$`));
  const expires = Date.parse(/expires=([^;]+)/.exec(cookie ?? '')?.[1] ?? '');
  t.true(expires > before + HOUR - 2_000 && expires <= Date.now() + HOUR, cookie);
  const answer = await pages.ask('GET', '/', { headers: { Cookie: sentBack(cookie ?? '') } });
  t.deepEqual(JSON.parse(answer.body), record('ada'));
  t.deepEqual(answer.cookies, []);
});

test('where the pages are on https, every cookie is Secure and of this host alone, also behind a proxy', async (t) => {
  const { pages } = await watchedPages(t, { origin: 'https://pages.example' });
  const login = await pages.ask('POST', '/in?name=ada');
  t.is(login.cookies.length, 2);
  const attributes = new RegExp(
    `^__Host-gatehouse_\\w+=[\\w.-]+; path=/; (?:expires=${DATE}; )?samesite=lax; secure; httponly$`,
  );
  for (const cookie of login.cookies) t.regex(cookie, attributes);
  const Cookie = sentBack(...login.cookies);
  t.deepEqual(JSON.parse((await pages.ask('GET', '/', { headers: { Cookie } })).body), record('ada'));
  // The name without the prefix is one that any host of the domain can set.
  const planted = Cookie.replaceAll('__Host-', '');
  t.is((await pages.ask('GET', '/', { headers: { Cookie: planted } })).body, 'null');
  const out = await pages.ask('POST', '/out', { headers: { Cookie } });
  t.deepEqual(sessionCookies(out), [
    `__Host-gatehouse_session=; path=/; ${GONE.replace('httponly', 'secure; httponly')}`,
  ]);
});

test('a request that claims to have come over https changes no cookie', async (t) => {
  const { pages } = await watchedPages(t);
  const headers = { 'X-Forwarded-Proto': 'https', Forwarded: 'proto=https' };
  for (const cookie of (await pages.ask('POST', '/in?name=ada', { headers })).cookies) {
    t.regex(cookie, /^gatehouse_/);
    t.notRegex(cookie, /secure/);
  }
});

test('a cookie that we have not made is no session, and costs no look-up', async (t) => {
  const { pages, calls } = await watchedPages(t);
  const cookie = await logIn(pages, 'ada');
  const value = cookie.slice('gatehouse_session='.length);
  const [id = '', mac = ''] = value.split('.');
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
  calls.length = 0;
  const forged = [
    '',
    id,
    `${id}.`,
    `.${mac}`,
    `${id}.${id}`,
    `${mac}.${id}`,
    `${flip(id)}.${mac}`,
    `${id}.${flip(mac)}`,
    `${id}.${mac}A`,
    `${id}.${mac.slice(1)}`,
    `${id}.${mac}.${mac}`,
    `${hashOfId(id)}.${mac}`,
    `x${value}`,
    `${value}\t${value}`,
    'x'.repeat(12_000),
    `${'A'.repeat(6_000)}.${'A'.repeat(6_000)}`,
    Buffer.from(JSON.stringify(record('ada'))).toString('base64'),
    '"',
    '%00',
    'gatehouse_session',
  ];
  for (const value of forged) {
    const answer = await pages.ask('GET', '/', { headers: { Cookie: `gatehouse_session=${value}` } });
    t.deepEqual(answer, { status: 200, body: 'null', cookies: [] }, value);
  }
  t.deepEqual(calls, []);
});

test('a cookie signed with an older secret holds while that is kept, and no longer', async (t) => {
  const { pages, store } = await watchedPages(t);
  const old = await logIn(pages, 'ada');
  const rotated = await sessionPages(t, { store, secrets: ['a new token secret of 32 bytes', SECRET] });
  const replaced = await sessionPages(t, { store, secrets: ['a new token secret of 32 bytes'] });
  t.deepEqual(await who(rotated, old), record('ada'));
  t.is(await who(replaced, old), null);
  t.deepEqual(await who(replaced, await logIn(rotated, 'bob')), record('bob'));
});
