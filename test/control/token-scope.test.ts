import test from 'ava';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';

const ROUTES = [{ name: 'orders', path: '/api/v1/orders', upstream: 'http://127.0.0.1:9' }];
const SCOPES = {
  'orders:read': 'See orders',
  'orders:write': { text: 'Change orders', groups: ['staff'] },
  reports: 'See reports',
};

test('a token is issued with the scope that is asked for, which the answer, the list and the claim show', async (t) => {
  const { ask, gateway } = await open(t, SCOPES);
  await gateway.accounts.setGroups('1', ['staff']);
  const { status, body } = await ask('POST', '{"scope":"reports orders:write reports","name":"ci"}');
  t.is(status, 200);
  t.deepEqual(Object.keys(body), ['token', 'expiration', 'scope']);
  t.is(body.scope, 'orders:write reports');
  const claims = JSON.parse(Buffer.from(String(body.token).split('.')[1] ?? '', 'base64url').toString());
  t.is(claims.scope, 'orders:write reports');

  for (const wish of ['{"name":"b"}', '{"name":"c","scope":null}', undefined]) {
    t.is((await ask('POST', wish)).body.scope, null);
  }
  const { tokens } = (await ask('GET')).body as { tokens: { name: string | null; scope: string | null }[] };
  t.deepEqual(Object.fromEntries(tokens.map(({ name, scope }) => [name, scope])), {
    ci: 'orders:write reports',
    b: null,
    c: null,
    null: null,
  });
});

test('a scope that is unknown, not of the account, or not in the form is refused, and says which there are for the account', async (t) => {
  const { ask, gateway } = await open(t, SCOPES);
  const message = 'scope must be one or more of orders:read reports, separated by single spaces';
  for (const scope of [
    'orders:write',
    'nothing',
    'orders:read orders:write',
    '',
    ' ',
    'orders:read ',
    'reports  orders:read',
  ]) {
    const refused = await ask('POST', JSON.stringify({ scope }));
    t.deepEqual([refused.status, refused.body], [400, { error: 'bad_request', message }], scope);
  }
  for (const scope of [['orders:read'], 7, {}]) {
    const { status, body } = await ask('POST', JSON.stringify({ scope }));
    t.deepEqual([status, body.message], [400, 'scope must be text: names of scopes, separated by single spaces']);
  }
  t.is(gateway.log.filter(({ status }) => status === 500).length, 0);
});

test('without scopes in the configuration, the token endpoints know of none', async (t) => {
  const { ask } = await open(t, {});
  t.deepEqual(Object.keys((await ask('POST')).body), ['token', 'expiration']);
  t.is((await ask('POST', '{"scope":"orders:read"}')).status, 400);
  const { tokens } = (await ask('GET')).body as { tokens: object[] };
  t.deepEqual(Object.keys(tokens[0] ?? {}), ['id', 'name', 'issued_at', 'expires_at']);
});

test('an account that may have no scope hears so', async (t) => {
  const { ask } = await open(t, { admin: { text: 'Everything', groups: ['admin'] } });
  const { status, body } = await ask('POST', '{"scope":"admin"}');
  t.deepEqual([status, body.message], [400, 'scope must be left out: the account may have no scope']);
});

async function open(t: Parameters<typeof testGateway>[0], scopes: object) {
  const gateway = await testGateway(t, { scopes, routes: ROUTES });
  const ask = async (method: string, body?: string) => {
    const answer = await fetch(`${gateway.url}/api/v1/tokens/`, {
      method,
      headers: { Authorization: basic(ADA) },
      ...(body !== undefined && { body }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { gateway, ask };
}
