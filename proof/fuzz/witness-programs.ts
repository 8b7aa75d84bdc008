import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/lab/processes/free-port.ts';

/** A proxy in front of the echo server. */
export interface Witness {
  readonly name: string;
  readonly port: number;
  stop(): void;
}

interface Program {
  readonly name: string;
  readonly args: (folder: string) => readonly string[];
  readonly file: string;
  readonly configuration: (folder: string, port: number, upstream: number) => string;
}

/** Each passes on as much as it can: what it leaves out cannot be compared. */
const PROGRAMS: readonly Program[] = [
  {
    name: 'nginx',
    args: (folder) => ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'errors')],
    file: 'nginx.conf',
    configuration: (folder, port, upstream) => `
      daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors crit;
      events {}
      http {
        access_log off; client_body_temp_path ${folder}/bodies; proxy_temp_path ${folder}/answers;
        fastcgi_temp_path ${folder}/a; uwsgi_temp_path ${folder}/b; scgi_temp_path ${folder}/c;
        large_client_header_buffers 8 64k; underscores_in_headers on; ignore_invalid_headers off; merge_slashes off;
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; proxy_set_header Host $http_host;
            proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
          }
        }
      }`,
  },
  {
    name: 'haproxy',
    args: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
    file: 'haproxy.cfg',
    configuration: (_, port, upstream) =>
      [
        ...['global', '  tune.bufsize 65536', '  tune.http.maxhdr 1000', 'defaults', '  mode http'],
        ...['  timeout client 10s', '  timeout server 10s', '  timeout connect 10s', 'frontend f'],
        ...[`  bind 127.0.0.1:${port}`, '  default_backend b', 'backend b', `  server s 127.0.0.1:${upstream}`, ''],
      ].join('\n'),
  },
  {
    name: 'caddy',
    args: (folder) => ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
    file: 'Caddyfile',
    configuration: (_, port, upstream) =>
      `{\n  admin off\n  auto_https off\n}\nhttp://:${port} {\n  reverse_proxy 127.0.0.1:${upstream}\n}\n`,
  },
];

export const WITNESS_NAMES: readonly string[] = PROGRAMS.map(({ name }) => name);

/** Starts those of the proxies that are installed. @param upstream the port of the echo server */
export async function startWitnesses(upstream: number): Promise<readonly Witness[]> {
  const started: Witness[] = [];
  for (const program of PROGRAMS) {
    const witness = await start(program, upstream);
    if (witness !== null) started.push(witness);
  }
  return started;
}

/** @returns null if the program is not installed */
async function start({ name, args, file, configuration }: Program, upstream: number): Promise<Witness | null> {
  const folder = mkdtempSync(join(tmpdir(), `fuzz-${name}-`));
  const port = await freePort();
  writeFileSync(join(folder, file), configuration(folder, port, upstream));
  const child = spawn(name, args(folder), {
    stdio: 'ignore',
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  const stop = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  const isInstalled = await once(child, 'spawn').then(
    () => true,
    () => false,
  );
  if (!isInstalled || !(await isListening(port, child))) {
    stop();
    process.stderr.write(`${name}: ${isInstalled ? 'does not start' : 'not installed'}\n`);
    return null;
  }
  return { name, port, stop };
}

async function isListening(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempts = 0; attempts < 200 && child.exitCode === null; attempts += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return true;
    await sleep(50);
  }
  return false;
}
