import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { holds } from '../lab/waiting/condition.ts';
import { type KeyPair, LOCAL_SERVER, SERVER } from '../support/stores/certificates.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
/** Two polls, on a busy machine. */
const TAKEN_OVER = 20_000;

/**
 * A volume of a ConfigMap or a Secret, as the kubelet writes it (pkg/volume/util/atomic_writer.go): a folder with the time in its
 * name, the symlink `..data` to it, and for each key a symlink into `..data`. A change makes a new folder, renames a new symlink over
 * `..data`, and removes the old folder.
 */
async function kubeletVolume(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-volume-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  let versions = 0;
  let current: string | null = null;
  return {
    folder,
    async write(files: Readonly<Record<string, string>>): Promise<void> {
      const version = `..2026_11_27_08_00_00.${++versions}`;
      await mkdir(join(folder, version));
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, version, name), content);
      await symlink(version, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
      const present = await readdir(folder);
      for (const name of Object.keys(files)) {
        if (!present.includes(name)) await symlink(join('..data', name), join(folder, name));
      }
      if (current !== null) await rm(join(folder, current), { recursive: true });
      current = version;
    },
  };
}

async function named(t: ExecutionContext, name: string): Promise<string> {
  const server = createServer((req, res) => {
    req.resume();
    res.end(name);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function gatewayIn(t: ExecutionContext, file: string) {
  const node = startProcess(process.execPath, [MAIN, 'start', '--config', file]);
  t.teardown(() => node.end('SIGKILL'));
  const log: LogLine[] = [];
  createInterface(node.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const count = (msg: string) => log.filter((line) => line.msg === msg).length;
  await holds('it listens', () => count('listening') === 1, 30_000);
  const { url } = log.find(({ msg }) => msg === 'listening') as LogLine & { url: string };
  return { node, log, count, url, answer: async () => await (await fetch(`${url}/s`)).text() };
}

for (const workers of [1, 2]) {
  test(`a changed ConfigMap and a changed Secret are taken over by ${workers} process(es), a broken one is not`, async (t) => {
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((name) => named(t, name)));
    const [configMap, secret, data] = [await kubeletVolume(t), await kubeletVolume(t), await kubeletVolume(t)];
    const textFor = (upstream: string | undefined) =>
      stringify({
        listen: { port: 0 },
        ops: { port: 0 },
        workers,
        watch: true,
        database: { url: `sqlite:${join(data.folder, 'gateway.sqlite')}` },
        log: { level: 'info', format: 'json' },
        routes: [{ name: 's', path: '/s', upstream, auth: 'none' }],
      });
    await secret.write({ address: a ?? '' });
    await configMap.write({ 'gateway.yaml': textFor(`\${file:${secret.folder}/address}`) });
    const { node, log, count, answer } = await gatewayIn(t, join(configMap.folder, 'gateway.yaml'));
    t.is(await answer(), 'a');

    await secret.write({ address: b ?? '' });
    await holds('the Secret is taken over', async () => (await answer()) === 'b', TAKEN_OVER);
    await configMap.write({ 'gateway.yaml': textFor(c) });
    await holds('the ConfigMap is taken over', async () => (await answer()) === 'c', TAKEN_OVER);
    await configMap.write({ 'gateway.yaml': textFor(d).replace('upstream', 'upstrem') });
    await holds('the broken one is named', () => count('configuration not taken over') > 0, TAKEN_OVER);
    t.is(await answer(), 'c');
    t.true(log.some(({ reason }) => typeof reason === 'string' && reason.includes('unknown key "upstrem"')));
    await configMap.write({ 'gateway.yaml': textFor(d) });
    await holds('a good one is taken over after it', async () => (await answer()) === 'd', TAKEN_OVER);
    await holds('each is taken over once', () => count('configuration taken over') === 3);
    t.is(await node.end('SIGTERM'), 0);
  });
}

/** The certificate that the listener sends, as PEM without line breaks. */
async function certificateOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString('base64');
}

test('a renewed certificate is taken over from its Secret, with its key', async (t) => {
  const [configMap, secret, data] = [await kubeletVolume(t), await kubeletVolume(t), await kubeletVolume(t)];
  const filesOf = ({ cert, key }: KeyPair) => ({ 'tls.crt': cert, 'tls.key': key });
  const bytesOf = ({ cert }: KeyPair) => cert.replace(/-----[^-]+-----|\n/g, '');
  await secret.write(filesOf(SERVER));
  await configMap.write({
    'gateway.yaml': stringify({
      listen: {
        port: 0,
        tls: { certificate: `\${file:${secret.folder}/tls.crt}`, key: `\${file:${secret.folder}/tls.key}` },
      },
      ops: { port: 0 },
      watch: true,
      database: { url: `sqlite:${join(data.folder, 'gateway.sqlite')}` },
      log: { level: 'info', format: 'json' },
      routes: [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:9', auth: 'none' }],
    }),
  });
  const { node, url } = await gatewayIn(t, join(configMap.folder, 'gateway.yaml'));
  t.is(await certificateOf(url), bytesOf(SERVER));
  await secret.write(filesOf(LOCAL_SERVER));
  await holds('it is taken over', async () => (await certificateOf(url)) === bytesOf(LOCAL_SERVER), TAKEN_OVER);
  t.is(await node.end('SIGTERM'), 0);
});
