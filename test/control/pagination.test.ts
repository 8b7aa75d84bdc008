import test from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';

const ROUTES = [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }];
const HOUR = 3_600_000;

interface Listed {
  readonly tokens: readonly { readonly id: string; readonly name: string }[];
  readonly next?: string;
}

async function listed(url: string, query = '', path = '/api/v1/tokens/'): Promise<Listed & { link: string | null }> {
  const answer = await fetch(url + path + query, { headers: { Authorization: basic(ADA) } });
  return { ...((await answer.json()) as Listed), link: answer.headers.get('link') };
}

/** Writes tokens of Ada's into the database, all of one second. */
async function addTokens({ database: { sql, query } }: TestGateway, count: number): Promise<void> {
  const issued_at = Math.floor(Date.now() / 1000) * 1000;
  const rows = Array.from({ length: count }, (_, i) => {
    const jti = `token-${String(i).padStart(6, '0')}`;
    return { jti, account_id: '1', name: `number ${i}`, issued_at, expires_at: issued_at + HOUR };
  });
  for (let i = 0; i < count; i += 100) await query(sql('gatehouse_tokens').insert(rows.slice(i, i + 100)));
}

test('a list that fits into one answer has the one key tokens, and no link', async (t) => {
  const gateway = await testGateway(t, { routes: ROUTES });
  t.deepEqual(await listed(gateway.url), { tokens: [], link: null });
  await addTokens(gateway, 3);
  for (const query of ['', '?limit=3', '?limit=1000', '?other=x']) {
    const { link, ...body } = await listed(gateway.url, query);
    t.deepEqual(Object.keys(body), ['tokens'], query);
    t.is(link, null);
    t.is(body.tokens.length, 3);
  }
});

test('a longer list is read section by section, by `next` or by the link, and none is missed or comes twice', async (t) => {
  const gateway = await testGateway(t, { routes: ROUTES });
  await addTokens(gateway, 7);
  for (const path of ['/api/v1/tokens/', '/api/v1/tokens']) {
    const byNext: string[] = [];
    let query = '?limit=3';
    for (;;) {
      const { tokens, next, link } = await listed(gateway.url, query, path);
      byNext.push(...tokens.map(({ name }) => name));
      t.is(link, next === undefined ? null : `<?limit=3&after=${next}>; rel="next"`);
      if (next === undefined) break;
      query = new URL(/<(.*)>/.exec(link ?? '')?.[1] ?? '', gateway.url + path).search;
    }
    t.deepEqual(
      byNext,
      Array.from({ length: 7 }, (_, i) => `number ${i}`),
    );
  }
  t.is((await listed(gateway.url, '?limit=7')).next, undefined);
});

test('what is no limit and no place in the list is refused, and the answer says what would be right', async (t) => {
  const gateway = await testGateway(t, { routes: ROUTES });
  for (const [query, message] of [
    ['?limit=0', /^limit must be a whole number from 1 to 1000$/],
    ['?limit=1001', /^limit must/],
    ['?limit=-1', /^limit must/],
    ['?limit=1e2', /^limit must/],
    ['?limit=', /^limit must/],
    ['?limit=1&limit=2', /^limit must/],
    ['?after=', /^after must be the "next" of an earlier answer$/],
    ['?after=5', /^after must/],
    ['?after=x.y', /^after must/],
    ["?after=1.'", /^after must/],
    ['?after=99999999999999999.x', /^after must/],
    ['?after=1.a&after=1.b', /^after must/],
  ] as const) {
    const answer = await fetch(`${gateway.url}/api/v1/tokens/${query}`, { headers: { Authorization: basic(ADA) } });
    t.is(answer.status, 400, query);
    const { error, message: said } = (await answer.json()) as Record<string, string>;
    t.is(error, 'bad_request');
    t.regex(said ?? '', message, query);
  }
  const unconfirmed = await fetch(`${gateway.url}/api/v1/tokens/?limit=x`, { headers: { Authorization: basic(BOB) } });
  t.is(unconfirmed.status, 403);
});

test('of 100,000 tokens an answer has a thousand, and no one more is issued', async (t) => {
  const gateway = await testGateway(t, { routes: ROUTES });
  await addTokens(gateway, 100_000);
  const { tokens, next = '' } = await listed(gateway.url);
  t.deepEqual([tokens.length, tokens[0]?.name, tokens.at(-1)?.name], [1_000, 'number 0', 'number 999']);
  const second = await listed(gateway.url, `?after=${next}`);
  t.deepEqual([second.tokens.length, second.tokens[0]?.name], [1_000, 'number 1000']);
  const refused = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'POST',
    headers: { Authorization: basic(ADA) },
  });
  t.is(refused.status, 409);
});
