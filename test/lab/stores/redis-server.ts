import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../processes/free-port.ts';
import { HERE } from '../processes/place.ts';
import { type ServerProcess, startProcess } from '../processes/server-process.ts';
import type { Scope } from '../scope.ts';

/** A Redis for one test, which can be stopped, killed and paused without affecting other tests. */
export interface PrivateRedis {
  /** The same after every start. */
  readonly url: string;
  /** A client for the test, reconnected after every start. */
  readonly client: Redis;
  /** Resolves when it answers, with its previous data. */
  start(): Promise<void>;
  /** Shuts down gracefully: saves its data and closes its connections. */
  stop(): Promise<void>;
  /** Kills it (SIGKILL), as in a power failure. */
  kill(): Promise<void>;
  /** Makes it hang: it accepts connections and answers nothing. */
  pause(): void;
  continue(): void;
  /** Kills it and restarts it without its data. */
  restartEmpty(): Promise<void>;
}

const START_LIMIT = 30_000;

/** Starts a Redis that keeps its data over a restart; it is removed when the test ends. */
export async function privateRedis(t: Scope, place = HERE): Promise<PrivateRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-redis-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  const port = await freePort();
  const options = [
    ...['--port', String(port), '--bind', place.address, '--protected-mode', 'no', '--dir', data],
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
  ];
  const client = new Redis(port, place.address, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 20,
    disableClientInfo: true,
  });
  client.on('error', () => {});
  t.teardown(() => client.disconnect());
  let server: ServerProcess | null = null;

  const end = async (signal: NodeJS.Signals) => {
    const ending = server;
    server = null;
    await ending?.end(signal);
  };

  const redis: PrivateRedis = {
    url: `redis://${place.address}:${port}`,
    client,
    async start() {
      await mkdir(data, { recursive: true });
      server = startProcess(...place.command('redis-server', options));
      server.stdout.resume();
      server.stderr.resume();
      const limit = AbortSignal.timeout(START_LIMIT);
      await Promise.race([client.ping(), rejection(limit)]);
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => server?.pause(),
    continue: () => server?.continue(),
    async restartEmpty() {
      await redis.kill();
      await rm(data, { recursive: true, force: true });
      await redis.start();
    },
  };
  t.teardown(() => redis.kill());
  await redis.start();
  return redis;
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the private redis-server does not answer')));
  });
}
