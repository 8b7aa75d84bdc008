import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRecipe } from '../../lab/gateways/recipe.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { type ServerProcess, startProcess } from '../../lab/processes/server-process.ts';
import type { Scope } from '../../lab/scope.ts';
import { findPackaged, type ProxyName } from '../services/packaged.ts';

const START_LIMIT = 30_000;

/** Starts a proxy with the recipe that the command prints for a configuration. @returns its port */
export async function startProxy(t: Scope, proxy: ProxyName, configuration: string): Promise<number> {
  const program = await findPackaged(proxy);
  const folder = mkdtempSync(join(tmpdir(), `gatehouse-${proxy}-`));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, configuration);
  await writeRecipe(t, { proxy, configuration: config, listen: `127.0.0.1:${port}` }, folder);
  const started = startProcess(program, COMMANDS[proxy](folder), {
    ...process.env,
    HOME: folder,
    XDG_DATA_HOME: folder,
  });
  t.teardown(() => started.end('SIGTERM'));
  await untilListening(proxy, port, started);
  return port;
}

/** What surrounds each recipe, and the arguments of the program. */
const COMMANDS: Readonly<Record<ProxyName, (folder: string) => string[]>> = {
  nginx(folder) {
    const file = join(folder, 'nginx.conf');
    mkdirSync(join(folder, 'temporary'));
    const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    writeFileSync(
      file,
      `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 2;
pid ${join(folder, 'pid')};
error_log stderr error;
events { worker_connections 1024; }
http {
  ${kinds.map((kind) => `${kind}_temp_path ${join(folder, 'temporary', kind)};`).join('\n  ')}
  access_log off;
  include ${join(folder, 'gatehouse.conf')};
}
`,
    );
    return ['-p', folder, '-c', file, '-e', 'stderr'];
  },
  caddy(folder) {
    const file = join(folder, 'test.caddyfile');
    writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\nimport ${join(folder, 'Caddyfile')}\n`);
    return ['run', '--config', file, '--adapter', 'caddyfile'];
  },
  haproxy: (folder) => ['-db', '-f', join(folder, 'gatehouse.cfg')],
};

async function untilListening(proxy: ProxyName, port: number, started: ServerProcess): Promise<void> {
  let complaint = '';
  for (const output of [started.stdout, started.stderr]) {
    output.on('data', (text: Buffer) => {
      complaint = (complaint + text.toString()).slice(-4_000);
    });
  }
  for (const until = performance.now() + START_LIMIT; performance.now() < until; ) {
    if (started.ended) break;
    if (await accepts(port)) return;
    await new Promise((again) => setTimeout(again, 10));
  }
  throw new Error(`${proxy} does not listen: ${complaint}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => settle(true)).on('error', () => settle(false));
    socket.on('connect', () => socket.destroy());
  });
}
