import test from 'ava';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange } from '../support/http/raw.ts';

test('a website that is open at / gets nothing from below the prefix, whoever asks', async (t) => {
  const website = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'website', path: '/', upstream: website.url, auth: 'none' }],
  });
  const ask = (path: string, headers = {}) => fetch(`${gateway.url}${path}`, { headers });
  t.is((await ask('/api/v1/nothing')).status, 401);
  const answer = await ask('/api/v1/nothing', { Authorization: basic(ADA) });
  t.is(answer.status, 404);
  t.is(((await answer.json()) as { error: string }).error, 'not_found');
  t.is(website.seen.length, 0);
  t.is((await ask('/about', { Authorization: basic(ADA) })).status, 200);
  t.deepEqual(website.seen[0]?.values('x-user-id'), []);
});

test('the log has neither query nor fragment nor the user of an absolute target', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'a', path: '/a', upstream: upstream.url, auth: 'none' }] });
  const targets = [
    '/a?key=hunter2',
    '/a#token=hunter2',
    'http://ada:hunter2@localhost/a',
    'http://localhost/a?hunter2',
  ];
  for (const target of targets) {
    await rawExchange(gateway.port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  }
  const lines = gateway.log.filter(({ msg }) => msg === 'request');
  t.deepEqual(
    lines.map(({ path }) => path),
    ['/a', '/a', 'http://localhost/a', 'http://localhost/a'],
  );
  t.notRegex(JSON.stringify(gateway.log), /hunter2/);
});
