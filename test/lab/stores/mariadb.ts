import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import type { MysqlLocation } from '../../../gateway/settings/schema/database-url.ts';
import { freePort } from '../processes/free-port.ts';
import { guardOf } from '../processes/guard.ts';
import { pauseProcess } from '../processes/pause-process.ts';
import { HERE } from '../processes/place.ts';
import type { Scope } from '../scope.ts';

/** A database server for one test file, which can be stopped, killed and paused without affecting other files. */
export interface PrivateMariadb {
  /** Its empty database `gatehouse`; the same after every start. */
  readonly location: MysqlLocation;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** Shuts down gracefully. */
  stop(): Promise<void>;
  /** Kills it (SIGKILL), as in a power failure. */
  kill(): Promise<void>;
  /** Makes it hang: it accepts connections and answers nothing. */
  pause(): void;
  continue(): void;
}

const START_LIMIT = 30_000;

/**
 * Installs a server in a temporary folder and starts it; both are removed when the test ends.
 *
 * @param more further options of the server, with files in that folder
 */
export async function privateMariadb(
  t: Scope,
  more: (folder: string) => Promise<string[]> = async () => [],
  place = HERE,
): Promise<PrivateMariadb> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-mariadb-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const account = process.getuid?.() === 0 ? ['--user=root'] : [];
  // Its own folder for temporary tables: a starting server removes all that it finds, also those of other servers.
  const own = [`--datadir=${join(folder, 'data')}`, `--tmpdir=${folder}`, ...account];
  const install = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db', ...own];
  await promisify(execFile)('mariadb-install-db', install);

  const port = await freePort();
  const location = {
    kind: 'mysql',
    host: place.address,
    port,
    user: 'root',
    password: '',
    database: 'gatehouse',
  } as const;
  const everywhere = join(folder, 'root-from-everywhere.sql');
  await writeFile(everywhere, "create user if not exists root@'%';\ngrant all on *.* to root@'%' with grant option;\n");
  const options = [
    '--no-defaults',
    ...own,
    `--port=${port}`,
    `--bind-address=${place.address}`,
    `--socket=${join(folder, 'socket')}`,
    '--innodb-buffer-pool-size=16M',
    // 2: a commit reaches the operating system at once, and so survives when a test kills the server.
    '--innodb-flush-log-at-trx-commit=2',
    '--skip-log-bin',
    ...(place === HERE ? [] : [`--init-file=${everywhere}`]),
    ...(await more(folder)),
  ];
  let server: ChildProcess | null = null;
  let guard: ChildProcess | null = null;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === null) return;
    const ending = server;
    server = null;
    ending.kill('SIGCONT');
    ending.kill(signal);
    if (ending.exitCode === null && ending.signalCode === null) await once(ending, 'exit');
    guard?.kill('SIGKILL');
    guard?.stdin?.destroy();
  }

  const mariadb: PrivateMariadb = {
    location,
    async start() {
      server = spawn(...place.command('mariadbd', options), { stdio: 'ignore' });
      guard = guardOf(server, folder);
      await untilItAnswers(location);
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => pauseProcess(server),
    continue: () => void server?.kill('SIGCONT'),
  };
  t.teardown(() => mariadb.kill());
  await mariadb.start();
  return mariadb;
}

async function untilItAnswers({ host, port, user, database }: PrivateMariadb['location']): Promise<void> {
  const deadline = Date.now() + START_LIMIT;
  for (;;) {
    try {
      const connection = await createConnection({ host, port, user, connectTimeout: 1000 });
      await connection.query(`create database if not exists ${database}`);
      await connection.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('the private mariadbd does not answer', { cause: error });
      await pause(50);
    }
  }
}
