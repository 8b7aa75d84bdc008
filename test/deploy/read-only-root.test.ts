import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { ADA, basic, type LogLine } from '../lab/gateways/gateway.ts';
import { type ServerProcess, startProcess } from '../lab/processes/server-process.ts';
import { temporaryPostgres, urlOf } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { readOnlyExceptFor } from '../support/kubernetes/read-only.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const ADD_ADA = `printf %s '${ADA.password}' | "$0" "$1" user add ${ADA.email} --confirmed --password-stdin --config gateway.yaml`;

/** A folder like /app of the image: the configuration, and `data`, the only place in which anything can be written. */
async function readOnlyApp(t: ExecutionContext, settings: Record<string, unknown>) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-read-only-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  await mkdir(data);
  await writeFile(join(folder, 'gateway.yaml'), stringify(settings));
  return {
    data,
    run(...program: readonly string[]): ServerProcess {
      const { command, args } = readOnlyExceptFor(data, program);
      const child = startProcess(command, args);
      t.teardown(() => child.end('SIGKILL'));
      return child;
    },
  };
}

/** Runs the gateway through the life of a token. @returns what it logged */
async function serve(t: ExecutionContext, app: Awaited<ReturnType<typeof readOnlyApp>>): Promise<readonly LogLine[]> {
  const adding = app.run('sh', '-c', ADD_ADA, process.execPath, MAIN);
  const problems = text(adding.stderr);
  await holds('the account is added', () => adding.ended, 60_000);
  t.is(adding.exitCode, 0, await problems);

  const node = app.run(process.execPath, MAIN, 'start', '--config', 'gateway.yaml');
  const log: LogLine[] = [];
  createInterface(node.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const listening = () => log.find(({ msg }) => msg === 'listening') as (LogLine & { url: string }) | undefined;
  await holds('it listens', () => listening() !== undefined, 60_000);
  const url = `${listening()?.url}/api/v1`;
  const issued = await fetch(`${url}/tokens/`, { method: 'POST', headers: { authorization: basic(ADA) } });
  t.is(issued.status, 200);
  const { token } = (await issued.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  t.is((await fetch(`${url}/orders`, { method: 'POST', body: 'x'.repeat(100_000), headers })).status, 200);
  t.is((await fetch(`${url}/tokens/current`, { method: 'DELETE', headers })).status, 204);
  await holds('the token is refused', async () => (await fetch(`${url}/orders`, { headers })).status === 401);
  t.is(await node.end('SIGTERM'), 0);
  return log;
}

async function settingsWith(t: ExecutionContext, own: Record<string, unknown>): Promise<Record<string, unknown>> {
  const upstream = await httpUpstream(t, (req, res) => {
    req.resume();
    req.on('end', () => res.end('{}'));
  });
  return {
    listen: { port: 0 },
    ops: { port: 0 },
    accounts: { passwordCost: 4 },
    log: { level: 'info', format: 'json' },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url }],
    ...own,
  };
}

test('with SQLite, the gateway and its commands write to the data folder alone', async (t) => {
  const app = await readOnlyApp(t, await settingsWith(t, { database: { url: 'sqlite:data/gatehouse.sqlite' } }));
  const log = await serve(t, app);
  t.deepEqual(
    log.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  );
  t.true((await readdir(app.data)).includes('gatehouse.sqlite'));
});

test('with a database server and workers, the gateway and its commands write no file at all', async (t) => {
  const location = await temporaryPostgres(t);
  const settings = { database: { url: urlOf(location) }, tokens: { secrets: ['s'.repeat(32)] }, workers: 2 };
  const app = await readOnlyApp(t, await settingsWith(t, settings));
  const log = await serve(t, app);
  t.deepEqual(
    log.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  );
  t.deepEqual(await readdir(app.data), []);
});

test('a file outside of the data folder cannot be written there', async (t) => {
  const app = await readOnlyApp(t, {});
  const child = app.run('touch', '/tmp/gatehouse-not-writable', 'gateway.yaml');
  const problems = text(child.stderr);
  await holds('it ends', () => child.ended);
  t.is(child.exitCode, 1);
  t.is((await problems).match(/Read-only file system/g)?.length, 2);
});
