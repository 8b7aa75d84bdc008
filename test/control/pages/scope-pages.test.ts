import test from 'ava';
import { ADA, testGateway } from '../../lab/gateways/gateway.ts';
import { loggedInAt } from '../../support/pages/owner-pages.ts';

const SCOPES = {
  'orders:read': 'See orders',
  'orders:write': { text: 'Change <orders>', groups: ['staff'] },
};

test('an owner ticks what a token may do among the scopes of the account, one at least', async (t) => {
  const { browser, gateway } = await open(t, SCOPES);
  const boxes = async () =>
    [...(await browser.get('/account')).body.matchAll(/name="scope:([^"]*)"/g)].map(([, name]) => name);
  t.deepEqual(await boxes(), ['orders:read']);
  await gateway.accounts.setGroups('1', ['staff']);
  t.deepEqual(await boxes(), ['orders:read', 'orders:write']);

  const refused = await browser.post('/account/tokens', { name: 'none', lifetime: '3600' }, '/account');
  t.is(refused.status, 422);
  t.regex(refused.body, /Choose at least one\./);

  const ticked = { name: 'ci', lifetime: '3600', 'scope:orders:write': 'on', 'scope:admin': 'on' };
  const { location } = await browser.post('/account/tokens', ticked, '/account');
  const created = await browser.get(location ?? '');
  t.regex(created.body, /Whoever has it may: Change &lt;orders>\./);
  const list = await browser.get('/account');
  t.regex(list.body, /<td data-label="May">Change &lt;orders><\/td>/);
  const [row] = await gateway.database.sql('gatehouse_tokens').select('scope');
  t.is(row.scope, 'orders:write');
});

test('without scopes, and for an account that may have none, there is no box', async (t) => {
  for (const scopes of [{}, { admin: { text: 'Everything', groups: ['admin'] } }]) {
    const { browser, gateway } = await open(t, scopes);
    t.notRegex((await browser.get('/account')).body, /name="scope:/);
    const { status } = await browser.post('/account/tokens', { name: 'ci', lifetime: '3600' }, '/account');
    t.is(status, 303);
    const [row] = await gateway.database.sql('gatehouse_tokens').select('scope');
    t.is(row.scope, null);
  }
});

async function open(t: Parameters<typeof testGateway>[0], scopes: object) {
  const routes = [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }];
  const gateway = await testGateway(t, { scopes, routes });
  return { gateway, browser: await loggedInAt(gateway.url, ADA) };
}
