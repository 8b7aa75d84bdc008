import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { holds } from '../lab/waiting/condition.ts';
import { statusOf } from '../support/http/raw.ts';
import { EXPIRED_SERVER, type KeyPair, SERVER, WILDCARD } from '../support/stores/certificates.ts';
import { visit } from '../support/tls/tls-visit.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');

/** Milliseconds: on a busy machine, a process of the gateway starts and reloads slowly. */
const PATIENCE = 120_000;

/** A gateway with its certificate and key in files. @param more of its settings */
async function withFiles(t: ExecutionContext, more: object) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-tls-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  const put = async (name: string, text: string) => {
    await writeFile(join(folder, `${name}.new`), text);
    await rename(join(folder, `${name}.new`), join(folder, name));
  };
  const putPair = async ({ cert, key }: KeyPair) => {
    await put('key.pem', key);
    await put('certificate.pem', cert);
  };
  await putPair(SERVER);
  const settings = {
    listen: { port: 0, tls: { certificate: `\${file:certificate.pem}`, key: `\${file:key.pem}` } },
    ops: { port: 0 },
    database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
    ...more,
    log: { format: 'json' },
    routes: [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  };
  await put('gateway.yaml', stringify(settings));
  const node = startProcess(process.execPath, [MAIN, 'start', '--config', file]);
  t.teardown(() => node.end('SIGKILL'));
  const log: LogLine[] = [];
  createInterface(node.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const listening = () => log.find(({ msg }) => msg === 'listening');
  await holds('it listens', () => listening() !== undefined, PATIENCE);
  const url = String(listening()?.url);
  return {
    ...{ log, url, put, putPair, port: Number(new URL(url).port) },
    hangUp: () => void process.kill(node.pid, 'SIGHUP'),
    remove: (name: string) => rm(join(folder, name)),
    refusals: () => log.filter(({ msg }) => msg === 'configuration not taken over').map(({ reason }) => String(reason)),
  };
}

test('a session goes on at any worker, and SIGHUP takes over a new pair in all of them', async (t) => {
  const gateway = await withFiles(t, { workers: 2 });
  t.regex(gateway.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const { session } = await visit(gateway.port);
  for (let count = 0; count < 6; count += 1) {
    const { isResumed, answer } = await visit(gateway.port, { session });
    t.true(isResumed);
    t.is(statusOf(answer), 502);
  }
  const workers = () => new Set(gateway.log.filter(({ path }) => path === '/s').map(({ worker }) => worker));
  await holds('both workers have answered', () => workers().size === 2, PATIENCE);

  await gateway.putPair(WILDCARD);
  gateway.hangUp();
  await holds('it is taken over', () => gateway.log.some(({ msg }) => msg === 'configuration taken over'), PATIENCE);
  for (let count = 0; count < 4; count += 1) {
    t.is((await visit(gateway.port, { servername: 'shop.test' })).shown, 'shop.test');
  }
});

test('a pair that is broken, does not match, is missing or has expired leaves the old one, and the log says why', async (t) => {
  const gateway = await withFiles(t, {});
  const refused = async (reason: RegExp) => {
    const before = gateway.refusals().length;
    gateway.hangUp();
    await holds('it is refused', () => gateway.refusals().length > before, PATIENCE);
    t.regex(gateway.refusals().at(-1) ?? '', reason);
    t.is((await visit(gateway.port)).shown, 'db.test');
  };
  await gateway.put('key.pem', WILDCARD.key);
  await refused(/gateway\.yaml:\d+:\d+ {2}listen\.tls\.key .*does not belong to the first certificate/);
  await gateway.put('key.pem', SERVER.key.slice(0, 60));
  await refused(/listen\.tls\.key .*holds no private key|listen\.tls\.key .*malformed private key/);
  await gateway.put('key.pem', '');
  await refused(/listen\.tls\.key .*is not PEM/);
  await gateway.remove('key.pem');
  await refused(/listen\.tls\.key .*key\.pem.*there is no such file/);
  await gateway.putPair(EXPIRED_SERVER);
  await refused(/^No change was applied: listen\.tls\[0\]\.certificate has expired on 2025-01-01/);
});

test('with `watch`, a renewed pair is taken over by itself, although its files change one after the other', async (t) => {
  const gateway = await withFiles(t, { watch: true });
  await gateway.put('key.pem', WILDCARD.key);
  await holds('the half pair is refused', () => gateway.refusals().length > 0, PATIENCE);
  await gateway.put('certificate.pem', WILDCARD.cert);
  await holds('it is taken over', () => gateway.log.some(({ msg }) => msg === 'configuration taken over'), PATIENCE);
  t.is((await visit(gateway.port, { servername: 'shop.test' })).shown, 'shop.test');
});
