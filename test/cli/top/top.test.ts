import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import test from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { closable } from '../../support/gateways/closable.ts';
import { onTerminal } from '../../support/processes/terminal.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const MAIN = resolve(ROOT, 'gateway/main.ts');
const ROUTES = [{ name: 'broken', path: '/broken', upstream: 'http://127.0.0.1:1', auth: 'none' }];

function top(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [MAIN, 'top', ...args], { timeout: 60_000 }, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test('on a terminal it shows snapshots, says when the connection is lost, and q leaves and restores the terminal', async (t) => {
  const gateway = await closable(t, await httpUpstream(t), { ops: { port: 0, console: true } });
  const terminal = onTerminal(t, [process.execPath, MAIN, 'top', '--url', gateway.opsUrl], ROOT);
  await terminal.shows('\u001b[?1049h');
  await terminal.shows('1 process');
  await terminal.shows('ROUTE');
  await gateway.close({ delay: 0, timeout: 0 });
  await terminal.shows('CONNECTION LOST');
  terminal.type('q');
  await terminal.shows('\u001b[?25h\u001b[?1049l');
  t.is(await terminal.ended(), 0);
});

test('--once prints one snapshot, as text or JSON', async (t) => {
  const { opsUrl } = await testGateway(t, { ops: { port: 0, console: true }, routes: ROUTES });
  const [text, json] = await Promise.all([top('--url', opsUrl, '--once'), top('--url', opsUrl, '--once', '--json')]);
  t.is(text.code, 0, text.stderr);
  t.regex(text.stdout, /ready/);
  t.false(text.stdout.includes('\u001b'));
  t.is(json.code, 0, json.stderr);
  t.is((JSON.parse(json.stdout) as { status: string }).status, 'ready');
});

test('one line says what is wrong: the console is off, or nothing listens', async (t) => {
  const { opsUrl, url } = await testGateway(t, { ops: { port: 0 }, routes: ROUTES });
  const off = await top('--url', opsUrl);
  t.is(off.code, 1);
  t.regex(off.stderr, /^[^\n]*set ops\.console to true[^\n]*\n$/);
  const nobody = await top('--url', `http://127.0.0.1:${await freePort()}`, '--once');
  t.is(nobody.code, 1);
  t.regex(nobody.stderr, /^[^\n]*nothing listens there[^\n]*\n$/);
  const other = await top('--url', url, '--once');
  t.is(other.code, 1);
  t.is(other.stderr.split('\n').length, 2, other.stderr);
});
