import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findExecutable } from '../../lab/packages/executables.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { type ServerProcess, startProcess } from '../../lab/processes/server-process.ts';
import type { Scope } from '../../lab/scope.ts';

/** A Redis for one test, which can be stopped, killed and paused without affecting other tests. It has no persistence. */
export interface RedisProcess {
  readonly port: number;
  /** Resolves when it accepts connections. The port stays the same; the previous data is lost. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Makes it hang: it accepts connections and answers nothing. */
  pause(): void;
  continue(): void;
}

const START_LIMIT = 10_000;
/** The lines that a server and a Sentinel print when they are ready. */
const STARTED = /Ready to accept connections|Sentinel ID is/;

/**
 * Starts a Redis on a free port of 127.0.0.1; it is stopped when the test ends.
 *
 * @param options returns further command-line options for its port and its empty folder
 */
export async function redisProcess(
  t: Scope,
  options: (port: number, folder: string) => Promise<string[]> | string[] = () => [],
): Promise<RedisProcess> {
  const executable = findExecutable('redis-server', 'valkey-server');
  if (executable === null) throw new Error('redis-server is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-redis-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const own = await options(port, folder);
  // A configuration file must come first, followed by `--sentinel`.
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const args = own.includes('--sentinel') ? own : [...(own.includes('--tls-port') ? common.slice(2) : common), ...own];
  let server: ServerProcess | null = null;

  const redis: RedisProcess = {
    port,
    async start() {
      server = startProcess(executable, args);
      await untilStarted(server);
    },
    async kill() {
      const ending = server;
      server = null;
      await ending?.end('SIGKILL');
    },
    pause: () => server?.pause(),
    continue: () => server?.continue(),
  };
  t.teardown(redis.kill);
  await redis.start();
  return redis;
}

function untilStarted(server: ServerProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = () => reject(new Error(`redis-server did not start: ${output.slice(-500)}`));
    const timer = setTimeout(fail, START_LIMIT);
    server.stdout.once('end', fail);
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (!STARTED.test(output)) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
