import { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { temporaryDatabase, urlOf } from '../../lab/stores/database.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { BY_PATH, FOR, statusMeant, type Told, told } from '../../support/gateways/decisions.ts';

const PATH = '/api/v1/orders';
const as = (credential: string) => `Authorization: ${credential}`;

/** Each way to ask about a GET of the route `orders`. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(BY_PATH).map(([door, ask]) => [door, ask('GET', PATH)])),
  'auth-request by name': ['GET /auth-request/@orders HTTP/1.1', FOR],
  'forward-auth by name': ['GET /forward-auth/@orders HTTP/1.1', FOR],
};

/** What the proxy sees at each door: nginx takes no other refusals than 401 and 403. */
function isRefusal(t: ExecutionContext, way: string, no: Told, status: 429 | 503, error: string): void {
  const isNginx = way.startsWith('auth-request');
  const [wait = ''] = no.of('Retry-After');
  t.is(no.status, isNginx && status === 429 ? 403 : status, way);
  t.regex(wait, /^[1-9]\d*$/, way);
  t.deepEqual([no.of('WWW-Authenticate'), no.of('X-User-Id'), no.of('X-Accel-Expires')], [[], [], []], way);
  t.is((JSON.parse(no.body) as { error: string }).error, error, way);
  t.deepEqual(no.of('X-Gatehouse-Status'), isNginx ? [String(status)] : [], way);
  t.deepEqual(no.of('X-Gatehouse-Body'), isNginx ? [no.body] : [], way);
}

/** A database behind a wire that the test can cut. */
async function cuttableDatabase(t: ExecutionContext): Promise<{ url: string; cut(): void }> {
  const location = await temporaryDatabase(t, 'mysql');
  if (location.kind !== 'mysql') throw new Error('unreachable');
  const open = new Set<Socket>();
  const wire = createServer((near) => {
    const far = connect(location.port, location.host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((listening) => wire.listen(0, '127.0.0.1', listening));
  const cut = () => {
    wire.close();
    for (const socket of open) socket.destroy();
  };
  t.teardown(cut);
  const { port } = wire.address() as { port: number };
  return { url: urlOf({ ...location, host: '127.0.0.1', port }), cut };
}

test('with the database out, what it must be asked for is 503 at each door, and never 401 (oathkeeper#1167)', async (t) => {
  const database = await cuttableDatabase(t);
  const gateway = await testGateway(t, {
    decisions: { port: 0, cache: '5s' },
    database: { url: database.url, timeout: '1s' },
    tokens: { maxStaleness: '1s', secrets: ['of this test alone, and long enough'] },
    accounts: { passwordCost: 4, cache: '1m' },
    routes: [
      { name: 'orders', path: PATH },
      { name: 'site', path: '/site', auth: 'none' },
    ],
  });
  const token = await gateway.token();
  for (const [way, lines] of Object.entries(WAYS)) {
    t.is((await told(gateway, [...lines, as(`Bearer ${token}`)])).status, 200, way);
  }
  database.cut();
  const isStale = async () => {
    const answer = await told(gateway, [...BY_PATH['forward-auth']('GET', PATH), as(`Bearer ${token}`)]);
    t.true([200, 503].includes(answer.status), `${answer.status}`);
    return answer.status === 503;
  };
  await holds('the list of revocations is too old', isStale);
  for (const [way, lines] of Object.entries(WAYS)) {
    for (const credential of [`Bearer ${token}`, basic(BOB)]) {
      isRefusal(t, way, await told(gateway, [...lines, as(credential)]), 503, 'service_unavailable');
    }
    t.is((await told(gateway, lines)).status, 401, `${way} without a credential`);
  }
  t.is((await told(gateway, BY_PATH['auth-request']('GET', '/site'))).status, 200);
});

test('too many wrong passwords are 429 for this client alone, at each door and whoever the proxy is', async (t) => {
  const gateway = await testGateway(t, {
    decisions: { port: 0 },
    accounts: { passwordCost: 4, throttle: { perAddressAndAccount: 2 } },
    routes: [{ name: 'orders', path: PATH }],
  });
  const wrong = as(basic({ ...ADA, password: 'wrong' }));
  const guess = async (way: string) => await told(gateway, [...(WAYS[way] ?? []), wrong]);
  t.is((await guess('auth-request')).status, 401);
  t.is((await guess('forward-auth by name')).status, 401);
  for (const way of Object.keys(WAYS)) isRefusal(t, way, await guess(way), 429, 'too_many_requests');
  for (const [way, lines] of Object.entries(WAYS)) {
    const other = lines.map((line) => (line === FOR ? 'X-Forwarded-For: 198.51.100.7' : line));
    t.is((await told(gateway, [...other, as(basic(ADA))])).status, 200, way);
  }
});

test('a limit of a route is one for all doors, and beyond it there is a 429', async (t) => {
  const gateway = await testGateway(t, {
    decisions: { port: 0 },
    limits: { few: { requests: 2, per: '1d', by: 'account' } },
    routes: [{ name: 'orders', path: PATH, limits: ['few'] }],
  });
  const left = async (way: string) => (await told(gateway, [...(WAYS[way] ?? []), as(basic(ADA))])).of('RateLimit')[0];
  t.regex((await left('ext-authz')) ?? '', /^"few";r=1/);
  t.regex((await left('auth-request by name')) ?? '', /^"few";r=0/);
  for (const [way, lines] of Object.entries(WAYS)) {
    const no = await told(gateway, [...lines, as(basic(ADA))]);
    isRefusal(t, way, no, 429, 'too_many_requests');
    t.regex(no.of('RateLimit')[0] ?? '', /^"few";r=0/, way);
    t.is(statusMeant(await told(gateway, lines)), 401, `${way} without a credential`);
  }
});
