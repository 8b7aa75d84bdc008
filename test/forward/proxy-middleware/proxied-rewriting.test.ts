import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../../lab/upstreams/upstream.ts';
import { requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

type Fields = Record<string, string | string[]>;

/** A gateway whose route `/s` has these options, to an upstream that answers with these fields. */
async function rewriting(
  t: ExecutionContext,
  proxy: object,
  answer: (upstream: string) => Fields,
  settings: Record<string, unknown> = {},
): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream: TestUpstream = await httpUpstream(t, (_req, res) => {
    res.writeHead(302, answer(upstream.url)).end();
  });
  const routes = [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', proxy }];
  return { gateway: await testGateway(t, { routes, ...settings }), upstream };
}

const CLOSE = 'Connection: close';

async function ask(gateway: TestGateway, ...fields: string[]): Promise<string> {
  return rawExchange(gateway.port, requestText('GET /s', [...fields, CLOSE]));
}

for (const [title, proxy, expected] of [
  [
    'one domain for all',
    { cookieDomainRewrite: 'new.test' },
    ['a=1; Domain=new.test; Path=/in', 'b=2', 'c=3; domain=new.test'],
  ],
  ['no domain', { cookieDomainRewrite: '' }, ['a=1; Path=/in', 'b=2', 'c=3']],
  [
    'domains by name',
    { cookieDomainRewrite: { 'old.test': 'new.test', '*': '' } },
    ['a=1; Domain=new.test; Path=/in', 'b=2', 'c=3'],
  ],
  ['one path', { cookiePathRewrite: '/out' }, ['a=1; Domain=old.test; Path=/out', 'b=2', 'c=3; domain=other.test']],
  ['both', { cookieDomainRewrite: '', cookiePathRewrite: { '/in': '/' } }, ['a=1; Path=/', 'b=2', 'c=3']],
  ['nothing', {}, ['a=1; Domain=old.test; Path=/in', 'b=2', 'c=3; domain=other.test']],
] as const) {
  test(`cookies get ${title}, each in its place`, async (t) => {
    const cookies = ['a=1; Domain=old.test; Path=/in', 'b=2', 'c=3; domain=other.test'];
    const { gateway } = await rewriting(t, proxy, () => ({ 'Set-Cookie': cookies, 'X-Other': 'Domain=old.test' }));
    const answer = await ask(gateway);
    t.deepEqual(valuesOf(answer, 'set-cookie'), expected);
    t.deepEqual(valuesOf(answer, 'x-other'), ['Domain=old.test']);
  });
}

const OLD = { 'old.test': 'new.test', '.Other.TEST': '' };

for (const [cookie, expected] of [
  ['a=1; Domain=.old.test', 'a=1; Domain=new.test'],
  ['a=1; DOMAIN=OLD.Test; Secure', 'a=1; DOMAIN=new.test; Secure'],
  ['a=1;domain = old.test ;Secure', 'a=1;domain=new.test;Secure'],
  ['a=1; \tDomain\t=\t.old.test', 'a=1; \tDomain=new.test'],
  ['a=1; Domain=other.test; Secure', 'a=1; Secure'],
  ['a=1; Domain=x.test; Domain=old.test', 'a=1; Domain=x.test; Domain=new.test'],
  ['a=Domain=old.test; X-Domain=old.test', 'a=Domain=old.test; X-Domain=old.test'],
  ['a=1; Domain=old.test.x; Domain=', 'a=1; Domain=old.test.x; Domain='],
  ['a=1; PATH = /in ; Path=/in/deeper', 'a=1; PATH=/out; Path=/in/deeper'],
] as const) {
  test(`of "${cookie}" becomes "${expected}"`, async (t) => {
    const proxy = { cookieDomainRewrite: OLD, cookiePathRewrite: { '/in': '/out' } };
    const { gateway } = await rewriting(t, proxy, () => ({ 'Set-Cookie': cookie }));
    t.deepEqual(valuesOf(await ask(gateway), 'set-cookie'), [expected]);
  });
}

/** Where a redirect leads after the gateway; `U` stands for the upstream in both. */
const REDIRECTS: readonly [proxy: object, location: string, expected: string][] = [
  [{ autoRewrite: true }, 'http://U/x?y#z', 'http://gateway.test/x?y#z'],
  [{ autoRewrite: true }, 'http://elsewhere.test/x', 'http://elsewhere.test/x'],
  [{ autoRewrite: true }, '/x', '/x'],
  [{ autoRewrite: true }, '//U/x', '//gateway.test/x'],
  [{ autoRewrite: true }, '//elsewhere.test/x', '//elsewhere.test/x'],
  [{ autoRewrite: true }, 'HTTP://U/x', 'HTTP://gateway.test/x'],
  [{ autoRewrite: true }, 'http:\\\\U/x', 'http://gateway.test/x'],
  [{ autoRewrite: true }, 'http://user@U/x', 'http://user@U/x'],
  [{ autoRewrite: true }, 'http://U', 'http://gateway.test'],
  [{ autoRewrite: true }, 'http://U?y', 'http://gateway.test?y'],
  [{ autoRewrite: true }, 'http://U.elsewhere.test/x', 'http://U.elsewhere.test/x'],
  [{ autoRewrite: true }, 'mailto:a@U', 'mailto:a@U'],
  [{ autoRewrite: true, protocolRewrite: 'https' }, '//U/x', 'https://gateway.test/x'],
  [{ hostRewrite: 'www.test' }, '//U/x', '//www.test/x'],
  [{ autoRewrite: true }, 'http://[', 'http://['],
  [{ autoRewrite: true }, '', ''],
  [{ autoRewrite: true, protocolRewrite: 'https' }, 'http://U/x', 'https://gateway.test/x'],
  [{ autoRewrite: true, protocolRewrite: 'https' }, 'http://elsewhere.test/x', 'http://elsewhere.test/x'],
  [{ protocolRewrite: 'https' }, 'http://U/x', 'https://U/x'],
  [{ hostRewrite: 'www.test' }, 'http://U/x', 'http://www.test/x'],
  [{ hostRewrite: 'www.test:8443', autoRewrite: true }, 'http://U/x', 'http://www.test:8443/x'],
  [{ hostRewrite: 'www.test', protocolRewrite: 'https' }, 'http://U/x', 'https://www.test/x'],
  [{}, 'http://U/x', 'http://U/x'],
];

for (const [proxy, location, expected] of REDIRECTS) {
  test(`with ${JSON.stringify(proxy)}, a redirect to "${location}" leads to "${expected}"`, async (t) => {
    const { gateway, upstream } = await rewriting(t, proxy, () => ({ Location: at(location, upstream) }));
    t.deepEqual(valuesOf(await ask(gateway), 'location'), [at(expected, upstream)]);
  });
}

function at(text: string, { port }: { readonly port: number }): string {
  return text.replace('U', `127.0.0.1:${port}`);
}

test('redirects lead to the port that the client asked', async (t) => {
  const { gateway } = await rewriting(t, { autoRewrite: true }, (url) => ({ Location: `${url}/x` }));
  const answer = await rawExchange(gateway.port, `GET /s HTTP/1.1\r\nHost: gateway.test:8080\r\n${CLOSE}\r\n\r\n`);
  t.deepEqual(valuesOf(answer, 'location'), ['http://gateway.test:8080/x']);
});

test('redirects lead to the host that a trusted proxy was asked, and to no host that just anybody names', async (t) => {
  const forwarded = 'X-Forwarded-Host: public.test';
  for (const [trustedProxies, expected] of [
    [['127.0.0.1'], 'http://public.test/x'],
    [[], 'http://gateway.test/x'],
  ]) {
    const answer = (url: string) => ({ Location: `${url}/x` });
    const { gateway } = await rewriting(t, { autoRewrite: true }, answer, { trustedProxies });
    t.deepEqual(valuesOf(await ask(gateway, forwarded), 'location'), [expected]);
  }
});

test('an answer that is no redirect keeps its Location', async (t) => {
  const upstream: TestUpstream = await httpUpstream(t, (_req, res) => {
    res.writeHead(200, { Location: `${upstream.url}/x` }).end();
  });
  const routes = [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', proxy: { autoRewrite: true } }];
  const gateway = await testGateway(t, { routes });
  t.deepEqual(valuesOf(await ask(gateway), 'location'), [`${upstream.url}/x`]);
});

test('paths are rewritten behind stripPrefix and before the base path, by the first rule that fits, and queries stay', async (t) => {
  const { gateway, upstream } = await paths(t, { '^/old/(\\w+)': '/new/$1', '^/old': '/never', 'a+$': 'b' });
  for (const [asked, received] of [
    ['/s/old/x', '/base/new/x'],
    ['/s/old/x?/old/y', '/base/new/x?/old/y'],
    ['/s/old/old/aa', '/base/new/old/aa'],
    ['/s/old', '/base/never'],
    ['/s/xaa?aa', '/base/xb?aa'],
    ['/s/other?q', '/base/other?q'],
    ['/s', '/base/'],
  ] as const) {
    t.is(statusOf(await rawExchange(gateway.port, requestText(`GET ${asked}`, [CLOSE]))), 200, asked);
    t.is(upstream.seen.at(-1)?.url, received);
  }
});

test('what a rule makes of a path begins with one slash and climbs nowhere; else it is refused with 400', async (t) => {
  const { gateway, upstream } = await paths(t, { '^/drop(.*)': '$1', xx: '', '^/relative/': '' });
  for (const [asked, received] of [
    ['/s/drop//evil.test/x', null],
    ['/s/drop', '/base/'],
    ['/s/relative/x', '/base/x'],
    ['/s/.xx./secret', null],
    ['/s/%2xxe./secret', null],
    ['/s/%252xxe%252e/secret', null],
    ['/s/%5xxc../secret', null],
    ['/s/.xx.;v=1/secret', null],
    ['/s/.xxwell-known', '/base/.well-known'],
  ] as const) {
    const { length } = upstream.seen;
    const status = statusOf(await rawExchange(gateway.port, requestText(`GET ${asked}`, [CLOSE])));
    t.is(status, received === null ? 400 : 200, asked);
    t.deepEqual(
      upstream.seen.slice(length).map(({ url }) => url),
      received === null ? [] : [received],
    );
  }
});

async function paths(t: ExecutionContext, pathRewrite: Record<string, string>) {
  const upstream = await httpUpstream(t);
  const route = { name: 's', path: '/s', stripPrefix: '/s', auth: 'none', upstream: `${upstream.url}/base` };
  return { upstream, gateway: await testGateway(t, { routes: [{ ...route, proxy: { pathRewrite } }] }) };
}
