import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { withoutCredentials } from '../../gateway/ops/redact.ts';
import { message } from '../hostile/message.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { rawClient, rawExchange } from '../support/http/raw.ts';
import { findPackaged } from '../support/services/packaged.ts';

const encoded = (text: string) => Buffer.from(text).toString('base64');

test('a line has the client that trusted proxies name, the token, the user agent, bytes of both bodies and the protocol', async (t) => {
  const upstream = await httpUpstream(t, (req, res) => req.resume().on('end', () => res.end('answered')));
  const gateway = await testGateway(t, {
    trustedProxies: ['127.0.0.1'],
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
  });
  const token = await gateway.token();
  const jti = (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti;
  const send = (line: string, fields: readonly string[], body = '') =>
    rawExchange(gateway.port, message([line, 'Host: a', ...fields, 'Connection: close'], body));

  await send(
    'POST /api/v1/a/1 HTTP/1.1',
    [`Authorization: Bearer ${token}`, 'X-Forwarded-For: 203.0.113.7', 'User-Agent: tester/1', 'Content-Length: 5'],
    'hello',
  );
  t.like(await gateway.logged(({ path }) => path === '/api/v1/a/1'), {
    ...{ client: '203.0.113.7', protocol: 'HTTP/1.1', tokenId: jti, account: '1', userAgent: 'tester/1' },
    ...{ received: 5, bytes: 8, status: 200 },
  });
  await send(
    'POST /api/v1/a/2 HTTP/1.1',
    [`Authorization: ${basic(ADA)}`, 'Transfer-Encoding: chunked', `User-Agent: ${'u'.repeat(2_000)}`],
    '3\r\nabc\r\n0\r\n\r\n',
  );
  const second = await gateway.logged(({ path }) => path === '/api/v1/a/2');
  t.like(second, { client: '127.0.0.1', tokenId: null, account: '1', received: 3, bytes: 8 });
  t.is(String(second.userAgent).length, 256);
  const answer = await send('GET /api/v1/a/3 HTTP/1.0', ['User-Agent: "\x01']);
  const third = await gateway.logged(({ path }) => path === '/api/v1/a/3' || path === '');
  t.is(third.bytes, answer.length - answer.indexOf('\r\n\r\n') - 4);
  await send('HEAD /api/v1/a/4 HTTP/1.1', [`Authorization: ${basic(ADA)}`]);
  t.like(await gateway.logged(({ path }) => path === '/api/v1/a/4'), { bytes: 0, received: 0, status: 200 });
});

test('no credential stands in any line, in whatever part of a request a client has put it', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'all', path: '/', upstream: upstream.url, auth: 'none', allowEncodedSlashes: true }],
  });
  const token = await gateway.token();
  const pair = encoded(`${ADA.email}:${ADA.password}`);
  const asUser = encoded(`${token}:`);
  const secrets = [
    token,
    token.split('.')[2] ?? '',
    pair.replace(/=+$/, ''),
    asUser.slice(0, 60),
    ADA.password.replace(' ', '%20'),
  ];
  const escaped = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
  const paths = [
    ...[
      `/api/v1/tokens/${token}`,
      `/api/v1/tokens/${token}/x`,
      `/x;t=${token}`,
      `/${token}?t=${token}`,
      `/x/${escaped(token)}`,
    ],
    ...[
      `/x/${token.replaceAll('.', '%2E')}`,
      `/x/${token.replaceAll('.', '%252E')}`,
      `/${pair}`,
      `/x/Basic%20${pair}`,
      `/x/${asUser}`,
    ],
    ...[
      `/x/${encodeURIComponent(pair)}`,
      `/login/${ADA.email}:${ADA.password.replace(' ', '%20')}`,
      `/%2e%2e/${token}`,
      `/x/${token}#y`,
    ],
  ];
  for (const path of paths) {
    for (const line of [
      `DELETE ${path} HTTP/1.1`,
      `GET  ${path} HTTP/1.1`,
      `GET ${path} HTTP/3.0`,
      `FOO ${path} HTTP/1.1`,
    ]) {
      await rawExchange(gateway.port, message([line, 'Host: a', 'Connection: close']));
    }
  }
  for (const field of [
    ...[
      `User-Agent: ${token}`,
      `User-Agent: curl ${pair}`,
      `X-Request-Id: ${pair}`,
      `X-Request-Id: ${token}`,
      `Expect: ${token}`,
    ],
    ...[
      `Host: ${token}`,
      `Authorization: ${token}`,
      `Authorization: Basic ${token}`,
      `Transfer-Encoding: ${token}`,
      `${token} : x`,
    ],
  ]) {
    await rawExchange(gateway.port, message(['GET /api/v1/x HTTP/1.1', 'Host: a', field, 'Connection: close']));
  }
  await rawExchange(gateway.port, `${token}\r\n\r\n`);
  await holds(
    'all are logged',
    () => gateway.log.filter(({ msg }) => msg === 'request').length >= 4 * paths.length + 11,
  );
  const all = JSON.stringify(gateway.log);
  for (const secret of secrets) t.false(all.includes(secret), secret);
  t.regex(all, /"path":"\/api\/v1\/tokens\/\[token:[\w-]+\]"/);
});

test('of a request that cannot be read the line alone is logged, wherever its packets end', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'all', path: '/', upstream: upstream.url, auth: 'none' }],
  });
  const fields = `Authorization: Basic ${encoded(`${ADA.email}:${ADA.password}`)}\r\nX-Key: one two three`;
  const head = `GET /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  for (let end = head.indexOf('Basic'); end < head.length; end += 3) {
    const client = await rawClient(gateway.port);
    client.socket.setNoDelay(true);
    // The second part is sent when the gateway has the first: with an answer to a request before it.
    client.send(`GET /before HTTP/1.1\r\nHost: a\r\n\r\n${head.slice(0, end)}`);
    await client.until(/^HTTP\/1\.1 200 /);
    client.send(`${head.slice(end)}no field\r\n\r\n`);
    await client.ended();
    t.like(await gateway.logged(({ status }) => status === 400), { method: 'GET', path: '/x' }, head.slice(end));
    gateway.log.length = 0;
  }
});

test('credentials are found behind something else too, and in place of a method', async (t) => {
  const pair = encoded(`${ADA.email}:${ADA.password}`);
  for (const before of ['q=', 'Basic+', 'Basic_', 'basic-', '-', '+', '_', 'a', 'ab', 'abc', 'abcd', 'key=Basic+']) {
    for (const after of ['', '/profile', '?', ' HTTP/1.1']) {
      const logged = withoutCredentials(`/x/${before}${pair}${after}`);
      t.false(logged.includes(pair.slice(8, -4)), logged);
      t.true(logged.includes('[credential]'), logged);
    }
  }
  t.is(withoutCredentials(`/x/${pair.slice(1)}`), '/x/[credential]', 'with a letter missing');

  const routes = [{ name: 'x', path: '/x', upstream: 'http://127.0.0.1:1', auth: 'none' }];
  const gateway = await testGateway(t, { routes });
  for (const method of [pair.replaceAll('=', ''), `Basic_${pair.replaceAll('=', '')}`, await gateway.token()]) {
    for (const line of [`${method} / HTTP/1.1`, `${method}  / HTTP/1.1`, `${method} / HTTP/3.0`, method]) {
      await rawExchange(gateway.port, message([line, 'Host: a', 'Connection: close']));
    }
  }
  await holds('all are logged', () => gateway.log.filter(({ msg }) => msg === 'request').length === 13);
  const all = JSON.stringify(gateway.log);
  t.notRegex(all, new RegExp(`${pair.slice(0, 16)}|${pair.slice(4, 20)}|eyJ`));
});

test('what is no credential is logged as it is', (t) => {
  for (const text of [
    ...[
      '/api/v1/orders/550e8400-e29b-41d4-a716-446655440000',
      '/a/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    ],
    ...[
      '/@scope/package',
      '/users/ada@example.com/orders',
      '/a%20b/%C3%A9',
      '/notifications-and-aggregations/because',
      '/eyJ',
      '/x:y',
    ],
    ...[
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
      'curl/8.5.0',
    ],
    ...[
      'redis://cache@10.0.0.7:6379 refused',
      'Basic authentication failed',
      'http://127.0.0.1:9000: connect ECONNREFUSED',
    ],
  ]) {
    t.is(withoutCredentials(text), text);
  }
  t.is(withoutCredentials('mysql://root:secret@db/x'), 'mysql://root:[password]@db/x');
  t.is(withoutCredentials('Bearer abcdEFGH1234.x'), 'Bearer [credential]');
  t.is(withoutCredentials('/x/gatehouse.bearer.abc'), '/x/gatehouse.bearer.[credential]');
  t.is(withoutCredentials('chat, Gatehouse.Bearer.a~b, x'), 'chat, Gatehouse.Bearer.[credential], x');
});

test('the fail2ban filter finds the address of whoever sends bad credentials, and nobody else', async (t) => {
  const fail2ban = await findPackaged('fail2ban-regex');
  const upstream = await httpUpstream(t);
  const group = await gateways(t, {
    location: await temporaryDatabase(t, 'sqlite'),
    redis: '',
    upstream: upstream.url,
  });
  const node = await group.start('A', { trustedProxies: ['127.0.0.1'] });
  const ask = (client: string, headers: Record<string, string>, path = '/api/v1/x') =>
    fetch(node.url + path, { headers: { 'X-Forwarded-For': client, ...headers } });
  await ask('203.0.113.1', { Authorization: basic({ ...ADA, password: 'wrong' }) });
  await ask('2001:db8::2', { Authorization: basic({ email: 'nobody@example.com', password: 'x' }) });
  await ask('203.0.113.3', { Authorization: 'Bearer none.of.ours' });
  await ask('203.0.113.4', { Authorization: 'Basic !' });
  // None of these is an attempt; the last would like to have another banned.
  await ask('203.0.113.8', {});
  await ask('203.0.113.9', { Authorization: basic(ADA) });
  await ask(
    '203.0.113.10',
    { 'User-Agent': '","client":"203.0.113.99","status":401,"detail":"wrong password"' },
    '/nothing',
  );
  await holds('all are logged', () => node.log.filter(({ msg }) => msg === 'request').length === 7);

  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-fail2ban-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'gatehouse.log');
  writeFileSync(file, node.log.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const filter = resolve(import.meta.dirname, '../../config/fail2ban/gatehouse.conf');
  const { stdout } = await promisify(execFile)(fail2ban, ['--out', 'ip', file, filter]);
  t.deepEqual(stdout.trim().split('\n').sort(), ['2001:db8::2', '203.0.113.1', '203.0.113.3', '203.0.113.4']);
});
