import test from 'ava';
import { ADA, BOB, basic, testGateway } from '../lab/gateways/gateway.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { holds } from '../lab/waiting/condition.ts';

const ROUTES = [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }];

function asked(url: string, method: string, path = '', body?: string, who = ADA): Promise<Response> {
  const headers = { Authorization: basic(who) };
  return fetch(`${url}/api/v1/tokens/${path}`, { method, headers, ...(body !== undefined && { body }) });
}

async function idsAt(url: string): Promise<string[]> {
  const { tokens } = (await (await asked(url, 'GET')).json()) as { tokens: { id: string }[] };
  return tokens.map(({ id }) => id);
}

test('an account that has as many tokens as it may gets 409 that says what to do, until one is revoked or expires', async (t) => {
  const { url } = await testGateway(t, { tokens: { maxPerAccount: 2 }, routes: ROUTES });
  t.is((await asked(url, 'POST')).status, 200);
  t.is((await asked(url, 'POST', '', '{"expiration":2}')).status, 200);
  const refused = await asked(url, 'POST');
  t.is(refused.status, 409);
  t.deepEqual(await refused.json(), {
    error: 'too_many_tokens',
    message: 'The account has 2 live tokens, which is the most: revoke some, or wait until they expire',
  });
  t.is((await idsAt(url)).length, 2);
  await holds('one has expired', async () => (await idsAt(url)).length === 1);
  t.is((await asked(url, 'POST')).status, 200);
  t.is((await asked(url, 'POST')).status, 409);
  const [one = ''] = await idsAt(url);
  t.is((await asked(url, 'DELETE', one)).status, 204);
  t.is((await asked(url, 'POST')).status, 200);
  t.is((await asked(url, 'POST')).status, 409);
  t.is((await asked(url, 'DELETE')).status, 204);
  t.is((await asked(url, 'POST')).status, 200);
});

test('the limit of one account is no limit for another', async (t) => {
  const { url, accounts } = await testGateway(t, { tokens: { maxPerAccount: 1 }, routes: ROUTES });
  await accounts.setConfirmed('2', true);
  t.is((await asked(url, 'POST')).status, 200);
  t.is((await asked(url, 'POST', '', undefined, BOB)).status, 200);
  t.is((await asked(url, 'POST', '', undefined, BOB)).status, 409);
});

test('requests that come at once do not exceed the limit in one process', async (t) => {
  const { url } = await testGateway(t, { tokens: { maxPerAccount: 7 }, routes: ROUTES });
  t.is((await asked(url, 'POST')).status, 200);
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await asked(url, 'POST')).status));
  t.is(statuses.filter((status) => status === 200).length, 6);
  t.is(statuses.filter((status) => status === 409).length, 34);
  t.is((await idsAt(url)).length, 7);
});

test('two nodes exceed the limit by one at the most', async (t) => {
  const location = await temporaryDatabase(t, 'mysql');
  const settings = { tokens: { maxPerAccount: 5 } };
  const group = await gateways(t, { location, redis: '', upstream: 'http://127.0.0.1:9', settings });
  const nodes = await Promise.all([group.start('A'), group.start('B')]);
  await Promise.all(nodes.map(({ url }) => asked(url, 'GET')));
  await Promise.all(nodes.flatMap(({ url }) => Array.from({ length: 12 }, () => asked(url, 'POST'))));
  for (const { url } of nodes) {
    const count = (await idsAt(url)).length;
    t.true(count === 5 || count === 6, String(count));
  }
});
