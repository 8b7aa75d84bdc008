import test from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { fileScope } from '../../lab/scope.ts';
import { BY_PATH, FOR, told } from '../../support/gateways/decisions.ts';

const scope = fileScope();
let gateway: TestGateway;

test.before(async () => {
  gateway = await testGateway(scope, {
    decisions: { port: 0, cache: '5s' },
    limits: { many: { requests: 1_000_000, per: '1d', by: 'account' } },
    routes: [
      { name: 'orders', path: '/api/v1/orders' },
      { name: 'limited', path: '/api/v1/limited', limits: ['many'] },
      { name: 'site', path: '/site', auth: 'none' },
      { name: 'inside', path: '/api/v1/inside', allowFrom: ['203.0.113.0/24'] },
      {
        ...{ name: 'talk', path: '/api/v1/talk', websocketToken: true },
        cors: { origins: ['https://app.example'] },
      },
    ],
  });
});

const kept = async (lines: string[], credential: string) =>
  (await told(gateway, [...lines, `Authorization: ${credential}`])).of('X-Accel-Expires');
const nginx = (path: string) => BY_PATH['auth-request']('GET', path);

async function tokenFor(seconds: number, more: object = {}): Promise<string> {
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'POST',
    headers: { Authorization: basic(ADA), 'Content-Type': 'application/json' },
    body: JSON.stringify({ expiration: seconds, ...more }),
  });
  return `Bearer ${((await answer.json()) as { token: string }).token}`;
}

test('nginx may keep a proven yes for a second less than `cache`, which it reads before Cache-Control', async (t) => {
  const yes = await told(gateway, [...nginx('/api/v1/orders'), `Authorization: ${basic(ADA)}`]);
  const names = yes.fields.map(([name]) => name);
  t.deepEqual(yes.of('X-Accel-Expires'), ['4']);
  t.is(names.indexOf('X-Accel-Expires') + 1, names.indexOf('Cache-Control'));
  const named = ['GET /auth-request/@orders HTTP/1.1', FOR];
  t.deepEqual(await kept(named, basic(ADA)), ['4']);
});

test('no refusal is kept, no yes to nobody, none with limits, and none at the other doors', async (t) => {
  t.deepEqual(await kept(nginx('/api/v1/orders'), basic(BOB)), []);
  t.deepEqual(await kept(nginx('/api/v1/nothing'), basic(ADA)), []);
  t.deepEqual((await told(gateway, nginx('/api/v1/orders'))).of('X-Accel-Expires'), []);
  t.deepEqual(await kept(nginx('/site'), basic(ADA)), []);
  t.deepEqual(await kept(nginx('/api/v1/limited'), basic(ADA)), []);
  for (const door of ['forward-auth', 'ext-authz'] as const) {
    t.deepEqual(await kept(BY_PATH[door]('GET', '/api/v1/orders'), basic(ADA)), [], door);
  }
});

test('a token that ends sooner is not kept', async (t) => {
  t.deepEqual(await kept(nginx('/api/v1/orders'), await tokenFor(3)), []);
  t.deepEqual(await kept(nginx('/api/v1/orders'), await tokenFor(60)), ['4']);
});

test('no yes is kept that holds for certain addresses alone', async (t) => {
  const bound = await tokenFor(60, { addresses: ['203.0.113.0/24'] });
  for (const [path, credential] of [
    ['/api/v1/inside', basic(ADA)],
    ['/api/v1/orders', bound],
  ] as const) {
    const yes = await told(gateway, [...nginx(path), `Authorization: ${credential}`]);
    t.deepEqual([yes.status, yes.of('X-Accel-Expires')], [200, []], path);
    const elsewhere = nginx(path).map((line) => (line === FOR ? 'X-Forwarded-For: 198.51.100.7' : line));
    const no = await told(gateway, [...elsewhere, `Authorization: ${credential}`]);
    t.deepEqual([no.status, no.of('X-Accel-Expires')], [403, []], path);
  }
});

test('no yes to what the page of a browser sends is kept: the same from another site would get it', async (t) => {
  const handshake = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', 'Upgrade: websocket'];
  for (const fields of [['Sec-Fetch-Site: same-origin'], ['Origin: http://gatehouse'], handshake]) {
    const yes = await told(gateway, [...nginx('/api/v1/orders'), `Authorization: ${basic(ADA)}`, ...fields]);
    t.deepEqual([yes.status, yes.of('X-Accel-Expires')], [200, []], fields[0]);
  }
  const token = (await tokenFor(60)).replace('Bearer ', '');
  const protocols = `Sec-WebSocket-Protocol: chat, gatehouse.bearer.${token}`;
  const yes = await told(gateway, [...nginx('/api/v1/talk'), ...handshake, 'Origin: https://app.example', protocols]);
  t.deepEqual([yes.status, yes.of('X-Accel-Expires')], [200, []], 'the key of the cache has no token of this field');
});
