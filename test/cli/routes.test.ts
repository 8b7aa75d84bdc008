import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';

const MAIN = new URL('../../gateway/main.ts', import.meta.url).pathname;
const CONFIG = `
decisions: {}
routes:
  - { name: website, path: /, upstream: "http://127.0.0.1:3000", auth: none }
  - { name: orders, path: /api/v1/orders, methods: [GET, POST], upstream: [http://a:9000/base, http://b:9000], stripPrefix: /api/v1 }
  - { name: old, path: /api/v1/old, upstream: http://a, stripPrefix: /api/v1, proxy: { pathRewrite: { "^/old/(.*)": "/new/$1" } } }
  - { name: asked, path: /api/v1/asked, methods: [GET] }
`;

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-routes-'));
await writeFile(join(folder, 'gateway.yaml'), CONFIG);

const ADMIN = `
database: { url: "sqlite:${join(folder, 'gateway.sqlite')}" }
tokens: { secrets: ["of these tests alone, and long enough"] }
routes:
  - { name: shop, host: [shop.example.com, "*.shop.example.com"], path: /api/v1, upstream: "http://shop" }
  - { name: admin, path: /api/v1/admin, methods: [GET], upstream: "http://admin", allowFrom: [10.0.0.0/8] }
  - { name: intern, path: /intern, upstream: "http://intern", auth: none, allowFrom: "::1" }
`;
await writeFile(join(folder, 'admin.yaml'), ADMIN);
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function routes(...request: string[]): Promise<{ code: number; out: string }> {
  return await command('routes', ...request, '--config', join(folder, 'gateway.yaml'));
}

async function command(...args: string[]): Promise<{ code: number; out: string }> {
  const { stdout, stderr, code } = await promisify(execFile)(process.execPath, [MAIN, ...args]).then(
    (done) => ({ ...done, code: 0 }),
    (failed: { stdout: string; stderr: string; code: number }) => failed,
  );
  return { code, out: stdout + stderr };
}

test('the table shows each route, who may pass, and the upstream URLs', async (t) => {
  const { code, out } = await routes();
  t.is(code, 0);
  t.regex(out, /^NAME +METHODS +PATH +WHO +UPSTREAM$/m);
  t.regex(out, /^website +all +\/ +anybody +http:\/\/127\.0\.0\.1:3000\/$/m);
  t.regex(
    out,
    /^orders +GET, POST +\/api\/v1\/orders +confirmed accounts +http:\/\/a:9000\/base\/orders, http:\/\/b:9000\/orders$/m,
  );
});

test('a request is told its route, who may pass, and what the upstream gets', async (t) => {
  t.deepEqual(await routes('get', '/api/v1/orders/7?x=1'), {
    code: 0,
    out: 'route     orders\nwho       confirmed accounts\nupstream  http://a:9000/base/orders/7?x=1\nupstream  http://b:9000/orders/7?x=1\n',
  });
  t.regex((await routes('GET', '/api/v1/old/7?x=1')).out, /^upstream {2}http:\/\/a\/new\/7\?x=1$/m);
  t.regex((await routes('GET', '/about')).out, /^route {5}website\nwho {7}anybody\n/);
  t.regex((await routes('DELETE', '/api/v1/tokens/current')).out, /token endpoint\)\nwho {7}confirmed accounts/);
});

test('a route without upstream is shown as one for decisions alone', async (t) => {
  t.regex((await routes()).out, /^asked +GET +\/api\/v1\/asked +confirmed accounts +\(decisions only\)$/m);
  t.deepEqual(await routes('GET', '/api/v1/asked/7'), {
    code: 0,
    out: 'route     asked\nwho       confirmed accounts\nupstream  (decisions only)\n',
  });
  t.is((await routes('POST', '/api/v1/asked')).code, 1);
});

test('a request that would be refused is told the answer, as the gateway gives it', async (t) => {
  for (const [method, path, message] of [
    ['DELETE', '/api/v1/orders', /answered with 405: .*takes GET, POST, HEAD, not DELETE/],
    ['GET', '/api/v1/nothing', /answered with 404/],
    ['GET', '/api/v1/orders/a%2Fb', /answered with 400: .*encoded slash/],
    ['GET', '/api/v1/tokens/a%2Fb', /answered with 400: .*encoded slash/],
    ['GET', '/API/v1/orders', /answered with 400: .*normal form/],
    ['GET', '/api/v1/orders/..', /answered with 400: .*dot segment/],
  ] as const) {
    const { code, out } = await routes(method, path);
    t.is(code, 1, path);
    t.regex(out, message, path);
    t.is(out.trim().split('\n').length, 1);
  }
  t.is((await routes('GET')).code, 2);
});

/** Asks about the routes of `ADMIN`. */
async function admin(...request: string[]): Promise<{ code: number; out: string }> {
  return await command('routes', ...request, '--config', join(folder, 'admin.yaml'));
}

test('the table has a column for hosts where a route names one, and the networks of a route', async (t) => {
  const { out } = await admin();
  t.regex(out, /^NAME +METHODS +HOST +PATH +WHO +UPSTREAM$/m);
  t.regex(
    out,
    /^shop +all +shop\.example\.com, \*\.shop\.example\.com +\/api\/v1 +confirmed accounts +http:\/\/shop\/api\/v1$/m,
  );
  t.regex(out, /^admin +GET +all +\/api\/v1\/admin +confirmed accounts from 10\.0\.0\.0\/8 +/m);
  const [tokens, ...others] = JSON.parse((await admin('--json')).out);
  t.is(tokens.hosts, null);
  t.deepEqual(others.find(({ name }: { name: string }) => name === 'shop').hosts, [
    'shop.example.com',
    '*.shop.example.com',
  ]);
});

test('a request is explained by its host and by the address of its client', async (t) => {
  const routeOf = (out: string) => /^route +(.*)$/m.exec(out)?.[1];
  t.is(routeOf((await admin('GET', '/api/v1/admin', '--host', 'SHOP.example.com.:80')).out), 'shop');
  t.is(routeOf((await admin('GET', '/api/v1/admin', '--host', 'other')).out), 'admin');
  t.is(routeOf((await admin('GET', '/api/v1/admin')).out), 'admin');
  t.is((await admin('GET', '/api/v1/admin', '--from', '::ffff:10.1.2.3')).code, 0);
  t.deepEqual(await admin('GET', '/api/v1/admin', '--from', '11.0.0.1'), {
    code: 1,
    out: 'GET /api/v1/admin is answered with 403: Not allowed (11.0.0.1 is not in allowFrom of the route admin).\n',
  });
  t.is((await admin('GET', '/intern', '--from', '10.0.0.1')).code, 1);
  t.is((await admin('GET', '/intern', '--from', '::1')).code, 0);
});

test('a request of an account is explained by what the database says of it, in the order of the checks', async (t) => {
  const config = ['--config', join(folder, 'admin.yaml')];
  t.is((await command('migrate', ...config)).code, 0);
  const add = (email: string, ...options: string[]) => {
    const adding = promisify(execFile)(process.execPath, [
      ...[MAIN, 'user', 'add', email, '--password-stdin', ...options, ...config],
    ]);
    adding.child.stdin?.end('correct horse\n');
    return adding;
  };
  await add('ada@example.com', '--confirmed');
  await add('bob@example.com');

  const asked = await admin('GET', '/api/v1/admin', '--as', 'Ada@example.com', '--from', '10.0.0.1');
  t.deepEqual(asked, {
    code: 0,
    out: 'route     admin\nwho       confirmed accounts from 10.0.0.0/8\nas        ada@example.com: may pass\nupstream  http://admin/api/v1/admin\n',
  });
  const asBob = (method: string, ...more: string[]) =>
    admin(method, '/api/v1/admin', '--as', 'bob@example.com', ...more);
  t.regex((await asBob('DELETE', '--from', '11.0.0.1')).out, /403: Unconfirmed account/);
  const asAda = async (...request: string[]) =>
    JSON.parse((await admin(...request, '--as', 'ada@example.com', '--json')).out).status;
  t.is(await asAda('DELETE', '/api/v1/admin', '--from', '11.0.0.1'), 405);
  t.is(await asAda('GET', '/api/v1/nothing', '--from', '11.0.0.1'), 404);
  t.is(await asAda('GET', '/api/v1/admin', '--from', '11.0.0.1'), 403);
  t.regex((await admin('GET', '/api/v1/admin', '--as', 'nobody@example.com')).out, /No account logs in with/);
});

test('options that belong to a request are wrong without one, and so is what is no host or address', async (t) => {
  for (const request of [
    ['--host', 'a'],
    ['GET', '/x', '--host', 'a/b'],
    ['GET', '/x', '--from', 'localhost'],
    ['GET', '/x', '--scope', 'a'],
  ]) {
    const { code, out } = await admin(...request);
    t.is(code, 2, out);
    t.regex(out, /^error: --/);
  }
});
