import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { loggedInAt } from '../../support/pages/owner-pages.ts';
import type { Visitor } from '../../support/pages/page-visitor.ts';

const HOUR = 3_600_000;

function place(t: ExecutionContext, settings: Record<string, unknown> = {}): Promise<TestGateway> {
  return testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }], ...settings });
}

/** Sends the form of the first page. */
function create(browser: Visitor, name: string) {
  return browser.post('/account/tokens', { name, lifetime: '3600' }, '/account');
}

function tokenIn(body: string): string | undefined {
  return /<textarea id="token"[^>]*>([\w.-]+)</.exec(body)?.[1];
}

function namesIn(body: string): string[] {
  return [...body.matchAll(/<th scope="row">([^<]*)</g)].map(([, name = '']) => name);
}

function linkIn(body: string, rel: 'prev' | 'next'): string | null {
  const [, href = null] = new RegExp(`rel="${rel}" href="([^"]*)"`).exec(body) ?? [];
  return href?.replaceAll('&amp;', '&') ?? null;
}

/** Writes tokens of Ada's into the database, the first of them the oldest. */
async function addTokens({ database: { sql, query } }: TestGateway, names: readonly string[]): Promise<void> {
  const begin = Math.floor(Date.now() / 1000) * 1000 - names.length * 1000;
  const rows = names.map((name, i) => {
    const issued_at = begin + i * 1000;
    return { jti: `id-${i}`, account_id: '1', name, issued_at, expires_at: issued_at + HOUR };
  });
  for (let i = 0; i < rows.length; i += 100) await query(sql('gatehouse_tokens').insert(rows.slice(i, i + 100)));
}

test('a new token is shown once on a page of its own, and reloading that page makes no other token', async (t) => {
  const gateway = await place(t);
  const [ada, elsewhere] = [await loggedInAt(gateway.url, ADA), await loggedInAt(gateway.url, ADA)];
  const made = await create(ada, 'laptop');
  t.is(made.status, 303);
  t.regex(made.location ?? '', /^\/account\/tokens\/[0-9a-f-]{36}\/created$/);
  t.is((await elsewhere.get(made.location ?? '')).location, '/account?done=shown', 'another session does not get it');
  const shown = await ada.get(made.location ?? '');
  const token = tokenIn(shown.body) ?? '';
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, { headers: { Authorization: `Bearer ${token}` } });
  t.is(answer.status, 200);
  const again = await ada.get(made.location ?? '');
  t.deepEqual([again.status, again.location], [303, '/account?done=shown']);
  const list = (await ada.get('/account?done=shown')).body;
  t.regex(list, /A new token is shown once/);
  t.deepEqual(namesIn(list), ['laptop']);
});

test('a new token waits for its page in no form that a reader of the store could use', async (t) => {
  const gateway = await place(t);
  const ada = await loggedInAt(gateway.url, ADA);
  const { location } = await create(ada, 'laptop');
  const { sql, query } = gateway.database;
  const contents: string[] = await query(sql('gatehouse_sessions').pluck('content'));
  t.is(contents.length, 2);
  const token = tokenIn((await ada.get(location ?? '')).body) ?? '';
  for (const content of contents) {
    for (const text of [content, Buffer.from(content, 'base64url').toString('latin1')]) {
      t.false(text.includes(token) || text.includes('laptop'));
    }
  }
  t.is((await query(sql('gatehouse_sessions').pluck('content'))).length, 1, 'it is gone once it was shown');
});

test('two tokens that are made before either page is opened are both shown', async (t) => {
  const ada = await loggedInAt((await place(t)).url, ADA);
  const [one, other] = [await create(ada, 'one'), await create(ada, 'other')];
  t.regex((await ada.get(one.location ?? '')).body, /the token “one”/);
  t.regex((await ada.get(other.location ?? '')).body, /the token “other”/);
});

test('revoking asks first, on a page that names the token, and does nothing before the answer', async (t) => {
  const gateway = await place(t);
  await addTokens(gateway, ['the <laptop>']);
  const ada = await loggedInAt(gateway.url, ADA);
  const { status, body } = await ada.get('/account/tokens/id-0/revoke');
  t.is(status, 200);
  t.regex(body, /<h1>Revoke “the &lt;laptop>”\?<\/h1>/);
  t.deepEqual(namesIn((await ada.get('/account')).body), ['the &lt;laptop>']);
  t.is((await ada.post('/account/tokens/id-0/revoke', {})).location, '/account?done=revoked');
  t.deepEqual(namesIn((await ada.get('/account')).body), []);
  for (const id of ['id-0', 'nothing']) {
    t.is((await ada.get(`/account/tokens/${id}/revoke`)).location, '/account?done=no-token');
  }
  await gateway.accounts.setConfirmed('2', true);
  await addTokens(gateway, []);
  const { sql, query } = gateway.database;
  await query(sql('gatehouse_tokens').update({ revoked_at: null }));
  const bob = await loggedInAt(gateway.url, BOB);
  t.is((await bob.get('/account/tokens/id-0/revoke')).location, '/account?done=no-token');
});

test('signing out everywhere asks first, and says how many tokens end', async (t) => {
  const gateway = await place(t);
  await addTokens(gateway, ['one', 'two']);
  const ada = await loggedInAt(gateway.url, ADA);
  const { status, body } = await ada.get('/account/everywhere');
  t.is(status, 200);
  t.regex(body, /You have 2 tokens/);
  t.is(namesIn((await ada.get('/account')).body).length, 2);
  t.is((await ada.post('/account/everywhere', {})).location, '/account/login?done=everywhere');
  t.is((await loggedInAt(gateway.url, ADA).then((again) => again.get('/account/everywhere'))).status, 200);
});

test('many tokens are shown page by page, the newest first, and back again', async (t) => {
  const gateway = await place(t);
  const names = Array.from({ length: 45 }, (_, i) => `number ${i}`);
  await addTokens(gateway, names);
  const ada = await loggedInAt(gateway.url, ADA);
  const newest = names.toReversed();
  const pages = [newest.slice(0, 20), newest.slice(20, 40), newest.slice(40)];
  const first = (await ada.get('/account')).body;
  t.deepEqual(namesIn(first), pages[0]);
  t.regex(first, /\(45\)/);
  t.is(linkIn(first, 'prev'), null);
  const second = (await ada.get(linkIn(first, 'next') ?? '')).body;
  t.deepEqual(namesIn(second), pages[1]);
  const third = (await ada.get(linkIn(second, 'next') ?? '')).body;
  t.deepEqual(namesIn(third), pages[2]);
  t.is(linkIn(third, 'next'), null);
  const back = (await ada.get(linkIn(third, 'prev') ?? '')).body;
  t.deepEqual(namesIn(back), pages[1]);
  const begin = (await ada.get(linkIn(back, 'prev') ?? '')).body;
  t.deepEqual(namesIn(begin), pages[0]);
  t.is(linkIn(begin, 'prev'), null);
  for (const query of ['?older=x', '?older=1.2.3', '?newer=', '?older=1.a&older=2.b']) {
    t.deepEqual(namesIn((await ada.get(`/account${query}`)).body), pages[0], query);
  }
});

test('tokens are found by a part of their name, page by page as well', async (t) => {
  const gateway = await place(t);
  await addTokens(gateway, [...Array.from({ length: 30 }, (_, i) => `build ${i}`), 'Backup', 'other']);
  const ada = await loggedInAt(gateway.url, ADA);
  const one = (await ada.get('/account?find=BACK')).body;
  t.deepEqual(namesIn(one), ['Backup']);
  t.regex(one, /<input id="find"[^>]*value="BACK"/);
  const builds = (await ada.get('/account?find=build')).body;
  t.is(namesIn(builds).length, 20);
  const rest = (await ada.get(linkIn(builds, 'next') ?? '')).body;
  t.deepEqual(
    namesIn(rest),
    Array.from({ length: 10 }, (_, i) => `build ${9 - i}`),
  );
  const none = (await ada.get('/account?find=%3Cb%3Enone')).body;
  t.regex(none, /None has “&lt;b>none” in its name/);
  t.false(none.includes('<b>none'));
});

test('at the limit, the form says so and keeps what was typed', async (t) => {
  const gateway = await place(t, { tokens: { maxPerAccount: 1 } });
  const ada = await loggedInAt(gateway.url, ADA);
  t.is((await create(ada, 'one')).status, 303);
  const { status, body } = await create(ada, 'two');
  t.is(status, 409);
  t.regex(body, /No token was created\. The account has 1 live token, which is the most/);
  t.regex(body, /value="two"/);
  t.deepEqual(namesIn(body), ['one']);
  t.is((await ada.get('/account/tokens')).location, '/account');
});
