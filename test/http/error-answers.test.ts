import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
/** What would tell an attacker of the inside: files, libraries, addresses, stacks. */
const INSIDE = /node_modules|\.ts\b|undici|koa|llhttp|HPE_|Error:|\bat \S+:\d|127\.0\.0\.1|ECONN|sqlite|stack/i;

async function place(t: ExecutionContext): Promise<TestGateway> {
  const upstream = await httpUpstream(t);
  return testGateway(t, {
    routes: [
      { name: 'o', path: '/api/v1/o', methods: ['GET', 'POST'], upstream: upstream.url },
      { name: 'down', path: '/api/v1/down', upstream: 'http://127.0.0.1:1' },
      { name: 'shop', path: '/shop', methods: ['GET'], upstream: upstream.url, auth: 'none' },
      { name: 'members', path: '/members', methods: ['GET'], upstream: upstream.url },
      { name: 'broken', path: '/broken', upstream: 'http://127.0.0.1:1', auth: 'none' },
    ],
  });
}

const FAILURES: [
  status: number,
  error: string,
  method: string,
  path: string,
  who?: { email: string; password: string },
][] = [
  [401, 'unauthorized', 'GET', '/api/v1/o'],
  [401, 'unauthorized', 'GET', '/api/v1/none'],
  [401, 'unauthorized', 'DELETE', '/api/v1/o'],
  [403, 'forbidden', 'GET', '/api/v1/none', BOB],
  [404, 'not_found', 'GET', '/api/v1/none', ADA],
  [404, 'not_found', 'GET', '/api/v1', ADA],
  [404, 'not_found', 'GET', '/api/v1/tokens/x/y/z', ADA],
  [405, 'method_not_allowed', 'DELETE', '/api/v1/o', ADA],
  [400, 'bad_request', 'GET', '/api/v1/o%2fx', ADA],
  [400, 'bad_request', 'GET', '/api/v1/%00', ADA],
  [502, 'bad_gateway', 'GET', '/api/v1/down', ADA],
  [404, 'not_found', 'GET', '/none'],
  [405, 'method_not_allowed', 'POST', '/shop'],
  [401, 'unauthorized', 'GET', '/members'],
  [401, 'unauthorized', 'POST', '/members'],
  [405, 'method_not_allowed', 'POST', '/members', ADA],
  [400, 'bad_request', 'GET', '/shop%2fx'],
  [502, 'bad_gateway', 'GET', '/broken'],
];

test('every error of the gateway is JSON with the keys error and message, carries an id, and tells nothing of the inside', async (t) => {
  const gateway = await place(t);
  for (const [status, error, method, path, who] of FAILURES) {
    for (const accept of path.startsWith('/api/v1')
      ? ['*/*', BROWSER, 'text/html']
      : ['*/*', 'application/json', 'image/png']) {
      const answer = await fetch(gateway.url + path, {
        method,
        headers: { Accept: accept, ...(who === undefined ? {} : { Authorization: basic(who) }) },
      });
      const shown = `${method} ${path} ${accept}`;
      t.is(answer.status, status, shown);
      t.is(answer.headers.get('content-type'), 'application/json', shown);
      t.regex(answer.headers.get('x-request-id') ?? '', /^[\da-f]{32}$/, shown);
      t.is(answer.headers.get('cache-control'), 'no-store', shown);
      const text = await answer.text();
      t.deepEqual(Object.keys(JSON.parse(text)), ['error', 'message'], shown);
      t.is(JSON.parse(text).error, error, shown);
      t.notRegex(text, INSIDE, shown);
      t.is(answer.headers.has('www-authenticate'), status === 401, shown);
    }
  }
});

test('a 405 names the methods that there are, to who may use them', async (t) => {
  const gateway = await place(t);
  for (const [path, allow, who] of [
    ['/api/v1/o', 'GET, POST, HEAD', ADA],
    ['/members', 'GET, HEAD', ADA],
    ['/shop', 'GET, HEAD', null],
  ] as const) {
    const headers = who === null ? {} : { Authorization: basic(who) };
    const answer = await fetch(gateway.url + path, { method: 'PUT', headers });
    t.is(answer.status, 405);
    t.is(answer.headers.get('allow'), allow);
  }
  const unknown = await fetch(`${gateway.url}/members`, { method: 'PUT' });
  t.is(unknown.status, 401);
  t.false(unknown.headers.has('allow'));
});

test('outside the prefix a browser gets a page, which runs nothing and tells nothing of the inside', async (t) => {
  const gateway = await place(t);
  for (const [status, , method, path, who] of FAILURES.filter(([, , , at]) => !at.startsWith('/api/v1'))) {
    const answer = await fetch(`${gateway.url}${path}?<script>`, {
      method,
      headers: { Accept: BROWSER, ...(who === undefined ? {} : { Authorization: basic(who) }) },
    });
    t.is(answer.status, status, path);
    t.is(answer.headers.get('content-type'), 'text/html; charset=utf-8', path);
    t.regex(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    const page = await answer.text();
    t.regex(page, /^<!doctype html>/);
    t.true(page.includes(answer.headers.get('x-request-id') ?? '?'));
    t.notRegex(page, INSIDE);
    t.notRegex(page, /<script/);
  }
});

test('HEAD gets the head of the error and no body', async (t) => {
  const gateway = await place(t);
  const answer = await fetch(`${gateway.url}/api/v1/o`, { method: 'HEAD' });
  t.is(answer.status, 401);
  t.is(await answer.text(), '');
});
