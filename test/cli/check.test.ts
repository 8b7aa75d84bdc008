import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { stringify } from 'yaml';
import { EXPIRED_SERVER, SERVER } from '../support/stores/certificates.ts';
import { entry } from '../support/tls/tls-visit.ts';

const REPOSITORY = new URL('../../', import.meta.url);

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'));
test.after.always(() => rmSync(folder, { recursive: true }));

function check(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH };
    execFile(
      process.execPath,
      ['gateway/main.ts', 'check', ...args],
      { cwd: REPOSITORY, env },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test('check says that the default file is valid, on standard output', async (t) => {
  t.deepEqual(await check(), { code: 0, stdout: 'config/gateway.yaml is valid: 1 route\n', stderr: '' });
});

test('check warns of a certificate of the listener that has expired, although the file is valid', async (t) => {
  const file = join(folder, 'expired.yaml');
  const tls = [entry(SERVER), entry(EXPIRED_SERVER)];
  const routes = [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:9', auth: 'none' }];
  writeFileSync(file, stringify({ listen: { tls }, routes }));
  const { code, stdout, stderr } = await check('--config', file);
  t.deepEqual([code, stdout], [0, `${file} is valid: 1 route\n`]);
  t.is(
    stderr,
    'warning: listen.tls[1].certificate (db.test, localhost, 127.0.0.1) has expired on 2025-01-01: clients refuse the connection\n',
  );
});

test('check prints every problem, a line each, on standard error and exits 1', async (t) => {
  const file = join(folder, 'wrong.yaml');
  writeFileSync(file, 'listen: { port: eighty }\nroutes:\n  - { name: a, path: /a, upsteam: http://x }\n');
  const { code, stdout, stderr } = await check('--config', file);
  t.is(code, 1);
  t.is(stdout, '');
  t.deepEqual(stderr.split('\n'), [
    `${file}:1:17  listen.port  must be a port (0: any free one), a whole number from 0 to 65535; found "eighty"`,
    `${file}:3:5  routes[0].upstream  is missing; must be an http:// or https:// URL such as http://127.0.0.1:9000, or a list of them, or the name of a group in upstreams`,
    `${file}:3:26  routes[0].upsteam  unknown key "upsteam"; did you mean "upstream"?`,
    '',
  ]);
});

test('check names a file that is not there as the operator wrote it', async (t) => {
  const { code, stderr } = await check('--config', 'config/absent.yaml');
  t.is(code, 1);
  t.is(
    stderr,
    'config/absent.yaml:1:1  cannot read the configuration: there is no such file; create it or name another (`gatehouse init` writes a new one)\n',
  );
});

test('check loads the modules that routes name', async (t) => {
  writeFileSync(join(folder, 'intercept.mjs'), 'export const wrong = 7;');
  const file = join(folder, 'module.yaml');
  writeFileSync(
    file,
    'routes:\n  - { name: a, path: /a, upstream: http://x, proxy: { intercept: ./intercept.mjs } }\n',
  );
  const { code, stdout, stderr } = await check('--config', file);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /intercept\.mjs has no function as its default export/);
});
