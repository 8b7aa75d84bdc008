import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { holds } from '../lab/waiting/condition.ts';
import { webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const RELOADS = 20;
/** Ten a second, where the machine can. */
const PAUSE = 100;

/** An upstream that answers with its name. */
async function named(t: ExecutionContext, name: string): Promise<{ url: string; server: Server }> {
  const server = createServer((req, res) => {
    req.resume();
    res.end(name);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A gateway in a process of its own, whose configuration the test changes. */
async function configurable(t: ExecutionContext, first: Record<string, unknown>) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-reload-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  const common = {
    listen: { port: 0 },
    ops: { port: 0 },
    database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
    accounts: { passwordCost: 4 },
    log: { level: 'info', format: 'json' },
  };
  /** In one step, as editors and orchestrators do it. */
  const writeText = async (text: string) => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  const write = (settings: Record<string, unknown>) => writeText(stringify({ ...common, ...settings }));
  await write(first);
  const node = startProcess(process.execPath, [MAIN, 'start', '--config', file]);
  t.teardown(() => node.end('SIGKILL'));
  const log: LogLine[] = [];
  createInterface(node.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const count = (msg: string) => log.filter((line) => line.msg === msg).length;
  await holds('it listens', () => count('listening') === 1, 30_000);
  return {
    file,
    write,
    writeText,
    log,
    count,
    url: String(log.find(({ msg }) => msg === 'listening')?.url),
    hangUp: () => void process.kill(node.pid, 'SIGHUP'),
    stop: () => node.end('SIGTERM'),
  };
}

const routeTo = (url: string) => ({ routes: [{ name: 's', path: '/s', upstream: url, auth: 'none' }] });

test('ten reloads a second under load fail no request, and old connections go', async (t) => {
  const [a, b] = await Promise.all([named(t, 'a'), named(t, 'b')]);
  const gateway = await configurable(t, routeTo(a.url));
  const answers = new Map<string, number>();
  let isOver = false;
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const answer = await fetch(`${gateway.url}/s`).catch((error: unknown) => new Response(String(error)));
        const text = await answer.text();
        answers.set(text, (answers.get(text) ?? 0) + 1);
      }
    }),
  );
  for (let i = 1; i <= RELOADS; i++) {
    await gateway.write(routeTo(i % 2 === 0 ? a.url : b.url));
    gateway.hangUp();
    const soonest = new Promise((next) => setTimeout(next, PAUSE));
    // Signals that come faster than a busy machine hands them over would be one.
    await holds('it is taken over', () => gateway.count('configuration taken over') === i, 20_000);
    await soonest;
  }
  t.is(await (await fetch(`${gateway.url}/s`)).text(), 'a');
  isOver = true;
  await load;
  t.deepEqual([...answers.keys()].sort(), ['a', 'b']);
  await holds('no connection to the old upstream is left', async () => {
    const open = await new Promise<number>((counted) => b.server.getConnections((_error, count) => counted(count)));
    return open === 0;
  });
});

test('a bad file changes nothing and says all that is wrong; what needs a restart is named', async (t) => {
  const [a, b] = await Promise.all([named(t, 'a'), named(t, 'b')]);
  const gateway = await configurable(t, routeTo(a.url));
  const reasons = () =>
    gateway.log.filter(({ msg }) => msg === 'configuration not taken over').map(({ reason }) => String(reason));
  const answer = async () => await (await fetch(`${gateway.url}/s`)).text();

  await gateway.writeText(`routes:\n  - { name: s, path: /s, upstrem: "${b.url}", auth: never }\n`);
  gateway.hangUp();
  await holds('all problems are told', () => reasons().length >= 3);
  t.regex(reasons().join('\n'), /gateway\.yaml:2:\d+ {2}routes\[0\]\.upstrem {2}unknown key/);
  t.is(await answer(), 'a');

  const before = reasons().length;
  await gateway.write({ ...routeTo(b.url), listen: { port: 1 }, tokens: { lifetime: '2h' } });
  gateway.hangUp();
  await holds('it is told', () => reasons().length > before);
  t.is(reasons().at(-1), 'No change was applied: listen.port, tokens.lifetime can only change with a restart.');
  t.is(await answer(), 'a');

  await gateway.write(routeTo(b.url));
  gateway.hangUp();
  await holds('a good file is taken over after bad ones', async () => (await answer()) === 'b');
});

test('with watch, a change is taken over without a signal', async (t) => {
  const [a, b] = await Promise.all([named(t, 'a'), named(t, 'b')]);
  const gateway = await configurable(t, { ...routeTo(a.url), watch: true });
  await gateway.write(routeTo(b.url));
  await holds('it is taken over', async () => (await (await fetch(`${gateway.url}/s`)).text()) === 'b', 10_000);
  t.is(gateway.count('configuration taken over'), 1);
});

test('with watch, a change of a file that the configuration includes is taken over, also after it was gone or wrong', async (t) => {
  const [a, b, c] = await Promise.all([named(t, 'a'), named(t, 'b'), named(t, 'c')]);
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-watched-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const address = join(folder, 'address');
  await writeFile(address, `${a.url}\n`);
  const gateway = await configurable(t, { ...routeTo(`\${file:${address}}`), watch: true });
  const answer = async () => await (await fetch(`${gateway.url}/s`)).text();
  const refused = () => gateway.count('configuration not taken over');
  t.is(await answer(), 'a');

  await writeFile(address, b.url);
  await holds('it is taken over', async () => (await answer()) === 'b', 10_000);
  await rm(address);
  await holds('it is said that the file is gone', () => refused() === 1, 10_000);
  await writeFile(address, 'nonsense');
  await holds('it is said that the file is wrong', () => refused() === 2, 10_000);
  t.is(await answer(), 'b');
  await writeFile(address, c.url);
  await holds('it is taken over again', async () => (await answer()) === 'c', 10_000);
  t.is(gateway.count('configuration taken over'), 2);
  t.is(refused(), 2);
});

test('a WebSocket outlives reloads, and the gateway ends in order afterwards', async (t) => {
  const [sockets, b] = await Promise.all([webSocketUpstream(t), named(t, 'b')]);
  const gateway = await configurable(t, routeTo(sockets.url));
  const socket = await webSocketTo(t, `${gateway.url}/s`);
  await gateway.write(routeTo(b.url));
  gateway.hangUp();
  await holds('it is taken over', () => gateway.count('configuration taken over') === 1);
  const echo = new Promise((received) => socket.once('message', received));
  socket.send('still here');
  t.is(String(await echo), 'still here');
  const closed = new Promise((ended) => socket.once('close', ended));
  await gateway.stop();
  t.is(await closed, 1001);
  t.is(gateway.count('stopped'), 1);
});
