import test from 'ava';
import { compileIdentityFields } from '../../gateway/access/identity-fields.ts';
import { compileScopes } from '../../gateway/access/scopes.ts';
import type { Account } from '../../gateway/domain/account.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange } from '../support/http/raw.ts';

const FIELDS = ['x-user-id', 'x-user-scopes', 'x-user-groups', 'x-user-email'];

test('upstreams learn the scopes of the credentials, the groups that the configuration names in its order, and the email', async (t) => {
  const upstream = await httpUpstream(t);
  const at = { path: '/api/v1/orders', upstream: upstream.url };
  const gateway = await testGateway(t, {
    scopes: { write: { text: 'Write', groups: ['staff'] }, read: 'Read', audit: { text: 'Audit', groups: ['audit'] } },
    identity: { scopes: true, groups: true, email: true },
    routes: [
      { name: 'orders', ...at },
      { name: 'admin', path: '/api/v1/admin', upstream: upstream.url, requires: { groups: ['admin'] } },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none' },
    ],
  });
  const seen = async (authorization: string, path = '/api/v1/orders') => {
    await fetch(`${gateway.url}${path}`, { headers: { Authorization: authorization } });
    const request = upstream.seen.at(-1);
    return FIELDS.map((name) => request?.values(name));
  };
  await gateway.accounts.setGroups('1', ['admin', 'unnamed', 'staff']);
  t.deepEqual(await seen(basic(ADA)), [['1'], ['write read'], ['staff,admin'], [ADA.email]]);
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'POST',
    headers: { Authorization: basic(ADA) },
    body: '{"scope":"write"}',
  });
  const token = `Bearer ${((await answer.json()) as { token: string }).token}`;
  t.deepEqual(await seen(token), [['1'], ['write'], ['staff,admin'], [ADA.email]]);
  await gateway.accounts.setGroups('1', []);
  t.deepEqual(await seen(token), [['1'], [], [], [ADA.email]]);
  t.deepEqual(await seen(basic(ADA), '/open'), [[], [], [], []]);
});

test('an assertion says the groups and scopes of its identity, and is signed anew when these change', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    scopes: { write: { text: 'Write', groups: ['staff'] }, read: 'Read' },
    assertion: { issuer: 'https://api.example.com', claims: ['groups', 'scope'] },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url }],
  });
  const said = async () => {
    await fetch(`${gateway.url}/api/v1/orders`, { headers: { Authorization: basic(ADA) } });
    const [assertion = ''] = upstream.seen.at(-1)?.values('x-user-assertion') ?? [];
    const { groups, scope } = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString());
    return { groups, scope };
  };
  t.deepEqual(await said(), { groups: [], scope: 'read' });
  await gateway.accounts.setGroups('1', ['staff', 'unnamed']);
  t.deepEqual(await said(), { groups: ['staff'], scope: 'write read' });
});

test('no client says who it is, in any spelling, whether the fields are configured or not', async (t) => {
  const upstream = await httpUpstream(t);
  const routes = [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url }];
  const all = { scopes: true, groups: true, email: true };
  for (const identity of [undefined, all]) {
    const gateway = await testGateway(t, { routes, scopes: { read: 'Read' }, ...(identity && { identity }) });
    const forged = ['Scopes', 'Groups', 'Email'].flatMap((name) =>
      [
        `X-User-${name}`,
        `x_user_${name}`,
        `X.User.${name}`,
        `X-USER--${name}`,
        `HTTP_X_USER_${name}`,
        `X-User-${name}~`,
      ].map((spelled) => `${spelled}: forged\r\n`),
    );
    await rawExchange(
      gateway.port,
      `GET /api/v1/orders HTTP/1.1\r\nHost: a\r\nAuthorization: ${basic(ADA)}\r\nConnection: close, x-user-scopes\r\n${forged.join('')}\r\n`,
    );
    const raw = upstream.seen.at(-1)?.rawHeaders ?? [];
    t.false(raw.includes('forged'));
    const written = raw.filter((text, at) => at % 2 === 0 && /user/i.test(text));
    t.deepEqual(written, identity === undefined ? ['x-user-id'] : ['x-user-id', 'x-user-scopes', 'x-user-email']);
  }
});

test('an email that is not printable ASCII, or longer than 255, is not sent', (t) => {
  const scopes = compileScopes({});
  const identity = { scopes: false, groups: false, email: true };
  const fields = compileIdentityFields({ identity, scopes: {}, routes: [] }, scopes);
  const account: Account = {
    id: '1',
    email: '',
    logins: [''],
    passwordHash: null,
    confirmed: true,
    stamp: 's',
    groups: [],
  };
  const sent = (email: string) => fields.of({ by: 'password', account: { ...account, email } });
  t.deepEqual(sent('ada@example.com'), ['x-user-id', '1', 'x-user-email', 'ada@example.com']);
  for (const email of [
    '',
    'ümit@example.com',
    'a@b\r\nX-User-Id: 2',
    'a@b\0',
    ' a@b',
    'a@b ',
    `${'a'.repeat(252)}@b.c`,
  ]) {
    t.deepEqual(sent(email), ['x-user-id', '1'], JSON.stringify(email));
  }
  const unsendable = { by: 'password', account: { ...account, email: 'ümit@example.com' } } as const;
  t.deepEqual(fields.complete(unsendable), ['X-User-Id', '1', 'X-User-Email', '']);
  t.deepEqual(fields.complete(null), ['X-User-Id', '', 'X-User-Email', '']);
});
