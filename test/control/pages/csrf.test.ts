import test, { type ExecutionContext } from 'ava';
import { TOKEN_FIELD } from '../../../gateway/control/pages/csrf.ts';
import {
  type PageAnswer,
  SECRET,
  type SessionPages,
  sentBack,
  sessionPages,
} from '../../support/pages/session-pages.ts';
import { sharedSessions } from '../../support/stores/session-stores.ts';

const ORIGIN = 'http://pages.example';

/** What `Sec-Fetch-Site` may say, and whether that is us. */
const SITES: readonly [string | undefined, boolean | undefined][] = [
  [undefined, undefined],
  ['same-origin', true],
  ['none', true],
  ['same-site', false],
  ['cross-site', false],
  ['Same-Origin', false],
  ['same-origin, same-origin', false],
  ['', false],
];
/** The same of `Origin`. */
const ORIGINS: readonly [string | undefined, boolean][] = [
  [undefined, true],
  [ORIGIN, true],
  ['http://evil.example', false],
  ['https://pages.example', false],
  ['http://pages.example:8080', false],
  ['http://pages.example.evil.example', false],
  ['http://pages.example/', false],
  [`${ORIGIN}, ${ORIGIN}`, false],
  ['null', false],
  ['', false],
];

test('a form passes with a token that fits its cookie and session, from our own origin, and in no other combination', async (t) => {
  const pages = await place(t);
  const mine = await logIn(pages, 'ada');
  const theirs = await logIn(pages, 'eve');
  const nobodys = await rendered(pages);
  const laters = await rendered(pages, mine.session);
  // What the browser sends, and the one token that fits it.
  const cookies: readonly [string, string | null][] = [
    [`${mine.session}; ${mine.nonce}`, mine.token],
    [`a=b; ${mine.nonce}; ${mine.session}; c=d`, mine.token],
    [`${mine.session}; ${laters.nonce}`, laters.token],
    [nobodys.nonce, nobodys.token],
    [mine.session, null],
    [mine.nonce, null],
    ['', null],
    [`${mine.session}; ${nobodys.nonce}`, null],
    [`${theirs.session}; ${mine.nonce}`, null],
    [`${mine.session}; gatehouse_form=`, null],
    [`${mine.session}; ${mine.nonce}A`, null],
    [`${mine.session}; __Host-${mine.nonce}`, null],
  ];
  const flipped = (mine.token.startsWith('A') ? 'B' : 'A') + mine.token.slice(1);
  const tokens: readonly (string | undefined)[] = [
    ...[mine.token, theirs.token, nobodys.token, laters.token],
    ...[undefined, '', flipped, `${mine.token}A`, mine.token.slice(0, -1), 'é'.repeat(43)],
    mine.nonce.slice(mine.nonce.indexOf('=') + 1),
  ];

  for (const [site, isOurSite] of SITES) {
    for (const [origin, isOurOrigin] of ORIGINS) {
      const isCrossSite = !(isOurSite ?? isOurOrigin);
      const answers = cookies.flatMap(([cookie, fitting]) =>
        tokens.map(async (token) => {
          const headers = {
            ...(site === undefined ? {} : { 'Sec-Fetch-Site': site }),
            ...(origin === undefined ? {} : { Origin: origin }),
            Cookie: cookie,
          };
          const expected = isCrossSite ? 'cross-site' : fitting === token ? 'ok' : 'stale';
          const said = (await send(pages, token, headers)).body;
          return said === expected ? null : { site, origin, cookie, token, said, expected };
        }),
      );
      t.deepEqual(
        (await Promise.all(answers)).filter((wrong) => wrong !== null),
        [],
      );
    }
  }
});

test('a visitor gets one cookie for all forms of a page, keeps it for the next ones, and may send them', async (t) => {
  const pages = await place(t);
  const first = await pages.ask('GET', '/form');
  const [cookie, ...more] = first.cookies;
  t.deepEqual(more, []);
  t.regex(cookie ?? '', /^gatehouse_form=[\w-]{43}; path=\/; samesite=lax; httponly$/);
  const [token, twin] = first.body.split(' ');
  t.is(token, twin);

  const Cookie = sentBack(cookie ?? '');
  const second = await pages.ask('GET', '/form', { headers: { Cookie } });
  t.deepEqual(second, { status: 200, body: first.body, cookies: [] });
  t.deepEqual(await send(pages, token, { Cookie, Origin: ORIGIN }), { status: 200, body: 'ok', cookies: [] });
  t.is((await send(pages, token, { Cookie })).body, 'ok');
});

test('every visitor has a token of their own', async (t) => {
  const pages = await place(t);
  const visitors = await Promise.all(Array.from({ length: 10 }, () => rendered(pages)));
  t.is(new Set(visitors.flatMap(({ token, nonce }) => [token, nonce])).size, 20);
});

test('a cookie that holds no number of ours is replaced when a form is rendered', async (t) => {
  const pages = await place(t);
  for (const value of ['', 'x', 'A'.repeat(42), 'A'.repeat(44), '"', 'é'.repeat(43), 'A'.repeat(8_000)]) {
    const answer = await pages.ask('GET', '/form', { headers: { Cookie: `gatehouse_form=${value}` } });
    t.is(answer.cookies.length, 1, value);
    const sent = await send(pages, answer.body.split(' ')[0], { Cookie: sentBack(...answer.cookies) });
    t.is(sent.body, 'ok');
  }
});

test('a form that was rendered before a login or a logout is stale after it, and the one rendered with it is not', async (t) => {
  const pages = await place(t);
  const visitor = await rendered(pages);
  const login = await pages.ask('POST', '/in?name=ada', { headers: { Cookie: visitor.nonce } });
  const Cookie = `${visitor.nonce}; ${sentBack(...login.cookies)}`;
  t.is((await send(pages, visitor.token, { Cookie })).body, 'stale');
  t.is((await send(pages, tokenOf(login), { Cookie })).body, 'ok');

  const out = await pages.ask('POST', '/out', { headers: { Cookie } });
  t.is((await send(pages, tokenOf(login), { Cookie })).body, 'stale');
  t.is((await send(pages, tokenOf(out), { Cookie })).body, 'ok');
  t.is(tokenOf(out), visitor.token);
});

test('a number planted in the browser of somebody who is logged in makes no form of theirs', async (t) => {
  const pages = await place(t);
  const eve = await rendered(pages);
  const ada = await logIn(pages, 'ada');
  t.is((await send(pages, eve.token, { Cookie: `${ada.session}; ${eve.nonce}` })).body, 'stale');
});

test('a token made with an older secret holds while that is kept, and no longer', async (t) => {
  const store = await (await sharedSessions(t, 'sqlite')).open();
  const next = 'a new token secret of 32 bytes';
  const [old, rotated, replaced] = [
    await sessionPages(t, { store }),
    await sessionPages(t, { store, secrets: [next, SECRET] }),
    await sessionPages(t, { store, secrets: [next] }),
  ];
  const { nonce, token } = await rendered(old);
  t.is((await send(rotated, token, { Cookie: nonce })).body, 'ok');
  t.is((await send(replaced, token, { Cookie: nonce })).body, 'stale');
});

async function place(t: ExecutionContext): Promise<SessionPages> {
  return await sessionPages(t, { store: await (await sharedSessions(t, 'sqlite')).open(), origin: ORIGIN });
}

/** A form as the browser has it, with the cookie to which it is bound. */
async function rendered(pages: SessionPages, cookie?: string): Promise<{ nonce: string; token: string }> {
  const answer = await pages.ask('GET', '/form', cookie === undefined ? {} : { headers: { Cookie: cookie } });
  return { nonce: sentBack(...answer.cookies), token: answer.body.split(' ')[0] ?? '' };
}

async function logIn(pages: SessionPages, name: string): Promise<{ session: string; nonce: string; token: string }> {
  const answer = await pages.ask('POST', `/in?name=${name}`);
  const named = (start: string) => sentBack(...answer.cookies.filter((cookie) => cookie.startsWith(start)));
  return { session: named('gatehouse_session'), nonce: named('gatehouse_form'), token: tokenOf(answer) };
}

function tokenOf({ body }: PageAnswer): string {
  return JSON.parse(body).token;
}

function send(pages: SessionPages, token: string | undefined, headers: Record<string, string>): Promise<PageAnswer> {
  return pages.ask('POST', '/form', {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(token === undefined ? {} : { [TOKEN_FIELD]: token }).toString(),
  });
}
