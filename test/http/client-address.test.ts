import test from 'ava';
import { pino } from 'pino';
import { compileSender, compileTrust } from '../../gateway/http/client-address.ts';
import { warnOfUnlistedProxy } from '../../gateway/request/unlisted-proxy.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';

type Fields = Record<string, string>;

/** What proxies say in these fields. */
function forwarding(fields: Fields) {
  return {
    forwardedFor: fields['x-forwarded-for'],
    forwardedProto: fields['x-forwarded-proto'],
    forwarded: fields.forwarded,
  };
}

const senderOf = compileSender(compileTrust(['10.0.0.0/8', 'fd00::/8'], false), () => {});
const clientOf = (address: string, fields: Fields) => senderOf(address, forwarding(fields)).client;

for (const [list, client] of [
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:51234', '203.0.113.7'],
  ['2001:db8:1::7', '2001:db8:1::7'],
  ['[2001:db8:1::7]', '2001:db8:1::7'],
  ['[2001:db8:1::7]:51234', '2001:db8:1::7'],
  ['6.6.6.6, 203.0.113.7:51234, 10.0.0.3:80, [fd00::2]:443', '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7,[::ffff:10.0.0.3]:80', '203.0.113.7'],
  ['6.6.6.6, unknown', '10.0.0.1'],
  ['6.6.6.6, unknown, 10.0.0.2:1', '10.0.0.2'],
  ['6.6.6.6, _hidden, [fd00::9]', 'fd00::9'],
  ['6.6.6.6, 203.0.113.7:51234 x', '10.0.0.1'],
  ['::ffff:7', '::ffff:7'],
  ['', '10.0.0.1'],
] as const) {
  test(`behind a trusted proxy that says "${list}", the client is ${client}`, (t) => {
    t.is(clientOf('10.0.0.1', { 'x-forwarded-for': list }), client);
    t.is(clientOf('::ffff:10.0.0.1', { 'x-forwarded-for': list }), client);
    t.is(clientOf('192.0.2.1', { 'x-forwarded-for': list }), '192.0.2.1');
  });
}

test('Forwarded says who the client is where a trusted proxy writes nothing else', (t) => {
  const forwarded = 'for=6.6.6.6, for="[2001:db8:1::7]:51234";proto=https, for=10.0.0.2';
  t.is(clientOf('10.0.0.1', { forwarded }), '2001:db8:1::7');
  t.is(clientOf('10.0.0.1', { forwarded, 'x-forwarded-for': '203.0.113.7' }), '203.0.113.7');
  t.is(clientOf('10.0.0.1', { forwarded: 'for=6.6.6.6, by=10.0.0.2' }), '10.0.0.1');
  t.is(clientOf('10.0.0.1', { forwarded: 'for="[::1' }), '10.0.0.1');
  t.is(clientOf('192.0.2.1', { forwarded }), '192.0.2.1');
});

test('a client that guesses passwords through a balancer locks out itself alone, whatever port it comes from', async (t) => {
  const gateway = await testGateway(t, {
    trustedProxies: ['127.0.0.1'],
    accounts: { passwordCost: 4, throttle: { perAddressAndAccount: 3 } },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }],
  });
  const status = async (from: string, password: string) => {
    const headers = { Authorization: basic({ ...ADA, password }), 'X-Forwarded-For': from };
    return (await fetch(`${gateway.url}/api/v1/tokens/`, { headers })).status;
  };
  for (const port of [1, 2, 3]) t.is(await status(`203.0.113.7:${port}`, 'wrong'), 401);
  t.is(await status('203.0.113.7:4', 'wrong'), 429);
  t.is(await status('203.0.113.7', ADA.password), 429);
  t.is(await status('203.0.113.8:1', ADA.password), 200);
  t.is(await status('[2001:db8::1]:1', ADA.password), 200);
});

/** What is logged of the requests, each by the address of its peer and its fields. */
function warnings(requests: readonly (readonly [address: string, fields: Fields])[]): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const notice = warnOfUnlistedProxy(log);
  for (const [address, fields] of requests) notice(forwarding(fields), address);
  return lines;
}

const THROUGH: Fields = { 'x-forwarded-for': '203.0.113.7' };
const times = (count: number, ...request: [string, Fields]) => Array.from({ length: count }, () => request);

test('one line warns of a proxy that sends everything and is not named', (t) => {
  const [line, ...more] = warnings([...times(3, '10.0.0.7', {}), ...times(100, '10.0.0.7', THROUGH)]);
  t.deepEqual(more, []);
  t.deepEqual(line?.proxies, ['10.0.0.7']);
  t.regex(String(line?.msg), /trustedProxies is empty/);
  t.is(warnings(times(100, '10.0.0.7', { forwarded: 'for=203.0.113.7' })).length, 1);
  t.is(warnings([...times(9, '10.0.0.7', THROUGH), ...times(9, '10.0.0.8', THROUGH)]).length, 1);
});

test('nobody is warned of clients that come by themselves, whatever they write', (t) => {
  t.deepEqual(warnings(times(9, '10.0.0.7', THROUGH)), []);
  t.deepEqual(warnings([['192.0.2.1', {}], ...times(100, '10.0.0.7', THROUGH)]), []);
  t.deepEqual(warnings(Array.from({ length: 100 }, (_, i) => [`192.0.2.${i}`, THROUGH] as const)), []);
  t.deepEqual(warnings([...times(1_000, '192.0.2.1', {}), ...times(100, '192.0.2.1', THROUGH)]), []);
});

test('a gateway says so in its log, and where proxies are named it does not', async (t) => {
  for (const [trustedProxies, expected] of [
    [[], 1],
    [['127.0.0.1'], 0],
  ] as const) {
    const gateway = await testGateway(t, {
      trustedProxies,
      routes: [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9' }],
    });
    for (let i = 0; i < 15; i++)
      await fetch(`${gateway.url}/api/v1/o`, { headers: { 'X-Forwarded-For': '203.0.113.7' } });
    t.is(gateway.log.filter(({ msg }) => /trustedProxies is empty/.test(String(msg))).length, expected);
  }
});
