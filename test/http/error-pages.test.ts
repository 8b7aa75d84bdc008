import test from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { blackhole } from '../support/http/blackhole.ts';

const LOGO = new URL('../support/browser/logo.svg', import.meta.url).pathname;

async function shown(url: string): Promise<{ status: number; id: string; body: string; policy: string }> {
  const answer = await fetch(url, { headers: { Accept: 'text/html,*/*;q=0.8' } });
  return {
    status: answer.status,
    id: answer.headers.get('x-request-id') ?? '',
    body: await answer.text(),
    policy: answer.headers.get('content-security-policy') ?? '',
  };
}

test('where a service is out or slow, a person gets a page of the brand with the id of the request, and no word of how it is built', async (t) => {
  const slow = await blackhole(t);
  const { url } = await testGateway(t, {
    timeouts: { connect: '1s' },
    pages: { name: 'Örchard & <Co>', colour: '#7a2e8a', logo: LOGO },
    routes: [
      { name: 'out', path: '/', upstream: 'http://127.0.0.1:1', auth: 'none' },
      { name: 'slow', path: '/slow', upstream: slow.url, auth: 'none' },
    ],
  });
  for (const [path, status, title] of [
    ['/', 502, 'This service is not available'],
    ['/slow', 504, 'This service takes too long'],
  ] as const) {
    const page = await shown(url + path);
    t.is(page.status, status);
    t.true(page.body.includes(`<title>${title} · Örchard &amp; &lt;Co></title>`), page.body);
    t.true(page.body.includes(`Request <code>${page.id}</code>`));
    t.regex(page.body, /--accent: #7a2e8a/);
    t.notRegex(page.body, /upstream|gateway|127\.0\.0\.1|refused/i);
    const [, logo = ''] = /<img src="([^"]+)"/.exec(page.body) ?? [];
    t.is((await fetch(url + logo)).status, 200);
    t.regex(page.policy, /default-src 'none'.*img-src 'self'/);
  }
});

test('without account pages there is no logo on the page of an error', async (t) => {
  const { url } = await testGateway(t, {
    pages: { enabled: false, name: 'Orchard', logo: LOGO },
    routes: [{ name: 'out', path: '/', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
  const { body } = await shown(`${url}/x`);
  t.regex(body, /<header><span>Orchard<\/span><\/header>/);
});

test('the line in the log says once which upstream failed, and how', async (t) => {
  const gateway = await testGateway(t, {
    routes: [{ name: 'out', path: '/', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
  await shown(`${gateway.url}/x`);
  const { upstream, detail, ...line } = await gateway.logged(({ path }) => path === '/x');
  t.deepEqual([upstream, detail], ['http://127.0.0.1:1', 'connection refused (ECONNREFUSED)']);
  t.notRegex(JSON.stringify(line), /127\.0\.0\.1:1|ECONNREFUSED/);
});

test('a cause that says more than the line stays in it', async (t) => {
  const gateway = await testGateway(t, {
    routes: [{ name: 'out', path: '/', upstream: 'http://localhost:1', auth: 'none' }],
  });
  await shown(`${gateway.url}/x`);
  const { detail, cause } = await gateway.logged(({ path }) => path === '/x');
  t.is(detail, 'connection refused (ECONNREFUSED)');
  t.regex(String(cause), /(127\.0\.0\.1|::1):1$/);
});
