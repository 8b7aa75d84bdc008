import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';

const MAIN = new URL('../../gateway/main.ts', import.meta.url).pathname;
const CONFIG = `
routes:
  - { name: website, path: /, upstream: "http://127.0.0.1:3000", auth: none }
  - { name: orders, path: /api/v1/orders, methods: [GET, POST], upstream: [http://a:9000/base, http://b:9000], stripPrefix: /api/v1 }
  - { name: old, path: /api/v1/old, upstream: http://a, stripPrefix: /api/v1, proxy: { pathRewrite: { "^/old/(.*)": "/new/$1" } } }
`;

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-routes-'));
await writeFile(join(folder, 'gateway.yaml'), CONFIG);
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function routes(...request: string[]): Promise<{ code: number; out: string }> {
  const args = [MAIN, 'routes', ...request, '--config', join(folder, 'gateway.yaml')];
  const { stdout, stderr, code } = await promisify(execFile)(process.execPath, args).then(
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
