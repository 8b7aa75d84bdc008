import test, { type ExecutionContext } from 'ava';
import { ADA, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, message } from './message.ts';

interface Place {
  readonly gateway: TestGateway;
  readonly api: TestUpstream;
  readonly open: TestUpstream;
}

/** An authenticated API, and an upstream that takes everything else from anybody: what is misread as the one goes to the other. */
async function apiAndCatchAll(t: ExecutionContext): Promise<Place> {
  const [api, open] = [await httpUpstream(t), await httpUpstream(t)];
  const gateway = await testGateway(t, {
    routes: [
      { name: 'api', path: '/api/v1', upstream: api.url },
      { name: 'files', path: '/api/v1/files', upstream: api.url, allowEncodedSlashes: true },
      { name: 'stripped', path: '/api/v1/stripped', upstream: api.url, stripPrefix: '/api/v1/stripped' },
      { name: 'open', path: '/', upstream: open.url, auth: 'none', allowEncodedSlashes: true },
    ],
  });
  return { gateway, api, open };
}

function get(gateway: TestGateway, target: string, ...more: string[]): Promise<string> {
  return rawExchange(gateway.port, message([`GET ${target} HTTP/1.1`, 'Host: a', ...more, 'Connection: close']));
}

const DOT_SEGMENTS = [
  ...['/api/v1/..', '/api/v1/../', '/api/v1/../../open', '/x/../api/v1', '/api/v1/.', '/./api/v1', '/open/..'],
  ...[
    '/x/%2e%2e/api/v1',
    '/x/%2E./api/v1',
    '/x/.%2e/api/v1',
    '/%2e/api/v1',
    '/x/%252e%252e/api/v1',
    '/x/%252E./api/v1',
  ],
  ...[
    '/x/..;/api/v1',
    '/x/..;a=b/api/v1',
    '/x/%2e%2e;a/api/v1',
    '/x/..%3b/api/v1',
    '/x/.;/api/v1',
    '/x/..%253ba/api/v1',
  ],
  ...['/x/..%2fapi%2fv1', '/x%2f..%2fapi/v1', '/x/..%252fapi/v1', '/x%252f..%252fapi/v1', '/x/%252e%252e%252fapi/v1'],
  ...['/x/%c0%ae%c0%ae/api/v1', '/x/%e0%80%ae%e0%80%ae/api/v1', '/x%c0%afapi', '/x/%f0%80%80%ae./api'],
];
const BACKSLASHES = [
  '/x\\..\\api\\v1',
  '\\api\\v1',
  '/\\host/api',
  '/x/..%5capi',
  '/x%5Capi',
  '/x%255capi',
  '/%5c%5chost',
];
const OTHER_HOSTS = [
  ...['//host', '//host/api/v1', '///api/v1', '//api/v1/x', 'http://evil/api/v1', 'http://a:80/x', 'http://a.evil/x'],
  ...['http://user@a/api/v1', 'http://user:pass@a/api/v1', 'http://a@evil/x', 'http://a\\@evil/x', 'https://evil/x'],
  ...['http:///x', 'http:x', 'http:/x', 'ftp://a/x', 'file:///etc/passwd', 'javascript:1', 'a:80', 'a', '*', 'x/y'],
  ...['http://a%2eevil/x', 'http://a,evil/x', 'http://[::1]/x', 'http://a#@evil/x'],
];
const MALFORMED = [
  ...['/x#y', '/#', '/api/v1#/x', '/x?y#z', 'http://a#x', '/x%00', '/x/%00/y', '/x%2500'],
  ...['/%', '/%2', '/%zz', '/x/%e', '/x/%2g', '/%u002e%u002e/', '/x\xff', '/\xc3\xa4', '/x?\xe4'],
];

test('targets that two programs could read as two paths are refused with 400, and no upstream is asked', async (t) => {
  const { gateway, api, open } = await apiAndCatchAll(t);
  for (const target of [...DOT_SEGMENTS, ...BACKSLASHES, ...OTHER_HOSTS, ...MALFORMED]) {
    for (const credentials of [[], [authorization(ADA)]]) {
      const answer = await get(gateway, target, ...credentials);
      t.is(statusOf(answer), 400, JSON.stringify(target));
      t.deepEqual(Object.keys(JSON.parse(bodyOf(answer))), ['error', 'message'], target);
    }
  }
  t.deepEqual([...api.seen, ...open.seen], []);
});

const DISGUISED = [
  ...[
    '/API/v1/x',
    '/Api/V1',
    '/api/V1/tokens',
    '/%61pi/v1/x',
    '/api%2fv1/x',
    '/api/%761/x',
    '/ap%69/v1',
    '/%2561pi/v1/x',
  ],
  ...[
    '/api//v1/x',
    '/api///v1',
    '/api/v1%2fx',
    '/api;x/v1',
    '/api/v1;x/y',
    '/;x/api/v1',
    '/api%3bx/v1',
    '/api%253bx/v1',
  ],
  ...['/api%252fv1/x', '/%2fapi/v1/x', '/%41PI/v1', '/;/api/v1'],
];

test('no disguise of the authenticated prefix reaches the catch-all that asks for nothing', async (t) => {
  const { gateway, api, open } = await apiAndCatchAll(t);
  for (const target of DISGUISED) {
    t.is(statusOf(await get(gateway, target)), /^\/api\/v1(\/|$)/.test(target) ? 401 : 400, target);
    t.is(statusOf(await get(gateway, target, authorization(ADA))), 400, target);
  }
  t.deepEqual([...api.seen, ...open.seen], []);
});

test('who has proven nothing cannot learn from a disguised path whether there is a route', async (t) => {
  const { gateway } = await apiAndCatchAll(t);
  const answers: string[] = [];
  for (const target of [
    '/api/v1/files',
    '/api/v1/FILES',
    '/api/v1/none',
    '/api/v1/NONE',
    '/api/v1/files/a%2fb',
    '/api/v1/n%2fb',
  ]) {
    answers.push(await get(gateway, target));
  }
  t.deepEqual(answers.map(statusOf), Array(6).fill(401));
  t.is(new Set(answers.map(bodyOf)).size, 1);
});

test('what passes reaches the upstream that was decided on, with its bytes unchanged', async (t) => {
  const { gateway, api, open } = await apiAndCatchAll(t);
  const deep = '/d'.repeat(3_000);
  const long = `/${'l'.repeat(12_000)}`;
  const cases: [string, TestUpstream, string?][] = [
    ['/', open],
    ['/apiv1', open],
    ['/api', open],
    ['/api/v10/x', open],
    ['/api/v1', api],
    ['/api/v1?', api],
    ['/api/v1/', api],
    ['/api/v1/x//y/', api],
    ['/api/v1/X/%7E%7e/%41', api],
    ['/api/v1/x?a=../..&b=%2f%5c%00&c=//evil&d=%zz&e=\\', api],
    ['/api/v1/x?http://evil/', api],
    ['/api/v1/a;b=c/d', api],
    ['/api/v1/...', api],
    ['/api/v1/..x/x../.x', api],
    ['/api/v1/100%25', api],
    ['/api/v1/%25zz', api],
    ['/api/v1/%e4%b8%ad/%ff%fe/%80', api],
    ['/api/v1/!$&\'()*+,=:@"<>^`{|}', api],
    ['/api/v1/files/a%2fb%2F', api],
    ['/api/v1/files/https%253A%252F%252Fexample.com%252Fa', api],
    ['/a%2fb', open],
    [`/api/v1${deep}`, api],
    [deep, open],
    [`/api/v1${long}`, api],
    ['/api/v1/stripped', api, '/'],
    ['/api/v1/stripped?q=/api/v1', api, '/?q=/api/v1'],
    ['/api/v1/stripped/x/.../', api, '/x/.../'],
    ['/api/v1/stripped/api/v1/stripped/x', api, '/api/v1/stripped/x'],
    ['http://a/api/v1/x?y=z', api, '/api/v1/x?y=z'],
    ['HTTP://A/x', open, '/x'],
    ['https://a/x', open, '/x'],
    ['http://a', open, '/'],
    ['http://a?x', open, '/?x'],
  ];
  for (const [target, expected, url = target] of cases) {
    const [before, other] = [expected.seen.length, expected === api ? open : api];
    const untouched = other.seen.length;
    t.is(statusOf(await get(gateway, target, authorization(ADA))), 200, target.slice(0, 80));
    t.is(expected.seen.length, before + 1, target.slice(0, 80));
    t.is(expected.seen.at(-1)?.url, url);
    t.is(other.seen.length, untouched);
  }
});

test('an encoded slash passes only where the route allows it, and never into another route', async (t) => {
  const { gateway, api, open } = await apiAndCatchAll(t);
  for (const target of [
    ...['/api/v1/x%2fy', '/api/v1/files%2fx', '/api/v1%2ffiles/x', '/api/v1/stripped/%2fevil', '/api/v1/tokens/a%2fb'],
    ...['/api/v1/tokens%2fcurrent', '/api/v1/x%2f..%2ffiles', '/api/v1/files/..%2fx', '/api%2Fv1/files/x'],
  ]) {
    t.is(statusOf(await get(gateway, target, authorization(ADA))), 400, target);
  }
  t.deepEqual([...api.seen, ...open.seen], []);
});

test('two slashes behind a stripped prefix do not become the name of a host', async (t) => {
  const { gateway, api } = await apiAndCatchAll(t);
  t.is(statusOf(await get(gateway, '/api/v1/stripped//evil/x', authorization(ADA))), 400);
  t.deepEqual(api.seen, []);
});
