import { createPublicKey, verify, type webcrypto } from 'node:crypto';
import test from 'ava';
import { newAssertionKey } from '../../../gateway/settings/schema/assertion-key.ts';
import { ADA, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { BY_PATH, FOR, readTold, statusMeant, type Told, told } from '../../support/gateways/decisions.ts';
import { rawClient } from '../../support/http/raw.ts';

const ORDERS = { name: 'orders', path: '/api/v1/orders' };
const SITE = { name: 'site', path: '/site', auth: 'none' };
const [FIRST_KEY, SECOND_KEY] = [newAssertionKey(), newAssertionKey()];
const assertionBy = (...keys: object[]) => ({
  issuer: 'https://api.example.com',
  keys: keys.map((key) => JSON.stringify(key)),
});
const KEYS = '/.well-known/jwks.json';
const AS_ADA = `Authorization: ${basic(ADA)}`;

function ask(gateway: TestGateway, path: string, ...fields: string[]): Promise<Told> {
  return told(gateway, [...BY_PATH['auth-request']('GET', path), ...fields]);
}

const idsOf = ({ body }: Told) => (JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

/** @returns the claims of an assertion. @throws if no key of the set has signed it */
function claimsOf(jwt: string, keySet: Told): Record<string, unknown> {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const { keys } = JSON.parse(keySet.body) as { keys: (webcrypto.JsonWebKey & { kid: string })[] };
  const jwk = keys.find(({ kid }) => kid === read(header).kid);
  if (jwk === undefined) throw new Error('a key that is not published');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const signed = Buffer.from(`${header}.${payload}`);
  const isGenuine = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  if (!isGenuine) throw new Error('another signature');
  return read(payload);
}

test('a reload changes routes, peers and the cache, also for a connection that is open', async (t) => {
  const gateway = await testGateway(t, { decisions: { port: 0, cache: '5s' }, routes: [ORDERS] });
  const kept = await rawClient(Number(new URL(gateway.decisionsUrl).port));
  t.teardown(() => kept.socket.destroy());
  const askKept = async () => {
    const before = kept.received().length;
    const lines = [...BY_PATH['auth-request']('GET', '/api/v1/orders'), AS_ADA, 'Host: gatehouse'];
    kept.send(`${lines.join('\r\n')}\r\n\r\n`);
    await kept.until(new RegExp(`^[^]{${before}}[^]*\\r\\n\\r\\n`));
    return readTold(kept.received().slice(before));
  };
  t.deepEqual((await askKept()).of('X-Accel-Expires'), ['4']);
  t.is(statusMeant(await ask(gateway, '/site', AS_ADA)), 404);
  t.is(statusMeant(await told(gateway, ['GET /auth-request/@site HTTP/1.1', FOR])), 404);

  await gateway.reload({ decisions: { port: 0, cache: '0s' }, routes: [ORDERS, SITE] });
  t.deepEqual((await askKept()).of('X-Accel-Expires'), []);
  t.is((await ask(gateway, '/site')).status, 200);
  t.is((await told(gateway, ['GET /auth-request/@site HTTP/1.1', FOR])).status, 200);

  await gateway.reload({ decisions: { port: 0, peers: ['192.0.2.0/24'], cache: '9s' }, routes: [SITE] });
  t.is(statusMeant(await askKept()), 404, 'peers count for new connections');
  const stranger = await rawClient(Number(new URL(gateway.decisionsUrl).port));
  stranger.send('GET /forward-auth/@site HTTP/1.1\r\n\r\n');
  t.is(await stranger.ended(), '');

  await t.throwsAsync(gateway.reload({ decisions: { port: 1 }, routes: [SITE] }), { message: /decisions\.port/ });
  await t.throwsAsync(gateway.reload({ decisions: undefined, routes: [{ ...SITE, upstream: 'http://127.0.0.1:1' }] }), {
    message: /decisions.* can only change with a restart/,
  });
});

test('a yes has an assertion that the keys of this listener prove, also when they are changed', async (t) => {
  const settings = {
    decisions: { port: 0 },
    routes: [ORDERS, SITE, { name: 'plain', path: '/api/v1/plain', assertion: false }],
  };
  const gateway = await testGateway(t, { ...settings, assertion: assertionBy(FIRST_KEY) });
  const keys = async (...fields: string[]) => await told(gateway, [`GET ${KEYS} HTTP/1.1`, ...fields]);
  const published = await keys();
  t.deepEqual([published.status, published.of('Content-Type')], [200, ['application/jwk-set+json']]);
  t.is((await keys(`If-None-Match: ${published.of('ETag')[0]}`)).status, 304);
  t.deepEqual((await told(gateway, [`POST ${KEYS} HTTP/1.1`])).of('Allow'), ['GET, HEAD']);

  const ways = [
    BY_PATH['auth-request']('GET', '/api/v1/orders'),
    BY_PATH['forward-auth']('GET', '/api/v1/orders'),
    BY_PATH['ext-authz']('GET', '/api/v1/orders'),
    ['GET /forward-auth/@orders HTTP/1.1', FOR],
  ];
  for (const lines of ways) {
    const [jwt = '', ...others] = (await told(gateway, [...lines, AS_ADA])).of('X-User-Assertion');
    t.deepEqual(others, []);
    t.like(claimsOf(jwt, published), { iss: 'https://api.example.com', aud: 'orders', sub: '1', amr: ['pwd'] });
  }
  for (const path of ['/site', '/api/v1/plain']) {
    const yes = await ask(gateway, path, AS_ADA, 'X-User-Assertion: of.the.client');
    t.deepEqual([yes.status, yes.of('X-User-Assertion')], [200, ['']], path);
  }
  t.deepEqual((await ask(gateway, '/api/v1/orders')).of('X-User-Assertion'), []);

  await gateway.reload({ ...settings, assertion: assertionBy(SECOND_KEY, FIRST_KEY) });
  const both = await keys();
  t.deepEqual(idsOf(both).slice(1), idsOf(published));
  const [jwt = ''] = (await ask(gateway, '/api/v1/orders', AS_ADA)).of('X-User-Assertion');
  t.is(claimsOf(jwt, { ...both, body: JSON.stringify({ keys: JSON.parse(both.body).keys.slice(0, 1) }) }).sub, '1');
});

test('without assertion there are no keys, and no field of them', async (t) => {
  const gateway = await testGateway(t, { decisions: { port: 0 }, routes: [ORDERS] });
  t.is((await told(gateway, [`GET ${KEYS} HTTP/1.1`])).status, 404);
  t.deepEqual((await ask(gateway, '/api/v1/orders', AS_ADA)).of('X-User-Assertion'), []);
});
