import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import {
  findPostgres,
  initialisation,
  type PostgresPrograms,
  postgresRunner,
  type Runner,
  serverOptions,
} from '../packages/postgres.ts';
import { freePort } from '../processes/free-port.ts';
import { guardOf } from '../processes/guard.ts';
import { HERE, type Place } from '../processes/place.ts';
import type { Scope } from '../scope.ts';

/** A database server for one test file, which can be stopped, killed and paused without affecting other files. */
export interface PrivatePostgres {
  /** Its empty database `gatehouse`; the same after every start. */
  readonly location: PostgresLocation;
  /** The folder of its Unix socket. */
  readonly socketFolder: string;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** Shuts down gracefully, and ends the connections. */
  stop(): Promise<void>;
  /** Kills it (SIGKILL), as in a power failure. */
  kill(): Promise<void>;
  /** Makes it hang: it accepts connections and answers nothing. */
  pause(): void;
  continue(): void;
  /** Runs statements as its superuser. */
  administer<Row extends pg.QueryResultRow>(statement: string): Promise<Row[]>;
  /** Starts a read-only copy that follows it. The copy is promoted by `administer('select pg_promote()')`. */
  standby(): Promise<PrivatePostgres>;
}

const START_LIMIT = 30_000;

/** Makes a server in a temporary folder and starts it; both are removed when the test ends. */
export async function privatePostgres(t: Scope, place = HERE): Promise<PrivatePostgres> {
  const programs = findPostgres();
  if (programs === null) throw new Error('PostgreSQL is not installed');
  const runner = postgresRunner();
  const folder = await folderOf(t, runner);
  const data = join(folder, 'data');
  await promisify(execFile)(programs.initdb, initialisation(data), runner);
  if (place !== HERE) await appendFile(join(data, 'pg_hba.conf'), 'host all all all trust\n');
  const server = await serverIn(t, folder, programs, runner, place);
  await server.start();
  await server.administer('create database gatehouse');
  return { ...server, location: { ...server.location, database: 'gatehouse' } };
}

async function folderOf(t: Scope, { uid, gid }: Runner): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-postgres-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  return folder;
}

/** @param folder has the data in `data` */
async function serverIn(
  t: Scope,
  folder: string,
  programs: PostgresPrograms,
  runner: Runner,
  place: Place,
): Promise<PrivatePostgres> {
  const port = await freePort();
  const data = join(folder, 'data');
  const location: PostgresLocation = {
    kind: 'postgres',
    host: place.address,
    port,
    user: 'postgres',
    password: '',
    database: 'postgres',
    schema: null,
    sslmode: 'disable',
  };
  let server: ChildProcess | null = null;
  let guard: ChildProcess | null = null;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === null) return;
    const ending = server;
    server = null;
    signalAll(ending, 'SIGCONT');
    // Killed alone, the first process would leave the others behind, which keep the next one from starting.
    if (signal === 'SIGKILL') signalAll(ending, 'SIGKILL');
    else ending.kill(signal);
    if (ending.exitCode === null && ending.signalCode === null) await once(ending, 'exit');
    guard?.kill('SIGKILL');
    guard?.stdin?.destroy();
  }

  const postgres: PrivatePostgres = {
    location,
    socketFolder: folder,
    async start() {
      const options = serverOptions(data, folder, port, place.address);
      const command = place.command(programs.postgres, options, runner);
      server = spawn(...command, { stdio: 'ignore', ...(place === HERE && runner) });
      guard = guardOf(server, folder);
      await untilItAnswers(postgres);
    },
    // A fast shutdown; SIGTERM would wait for the clients to leave.
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
    pause: () => signalAll(server, 'SIGSTOP'),
    continue: () => signalAll(server, 'SIGCONT'),
    async administer<Row extends pg.QueryResultRow>(statement: string) {
      const client = new pg.Client({ host: location.host, port, user: 'postgres', database: 'postgres' });
      client.on('error', () => {});
      await client.connect();
      try {
        return (await client.query<Row>(statement)).rows;
      } finally {
        await client.end();
      }
    },
    async standby() {
      const copied = await folderOf(t, runner);
      const source = ['--host=127.0.0.1', `--port=${port}`, '--username=postgres'];
      const copy = ['--pgdata', join(copied, 'data'), '--write-recovery-conf', '--checkpoint=fast', '--no-sync'];
      await promisify(execFile)(programs.basebackup, [...source, ...copy], runner);
      const standby = await serverIn(t, copied, programs, runner, place);
      await standby.start();
      return { ...standby, location: { ...standby.location, database: 'gatehouse' } };
    },
  };
  t.teardown(() => postgres.kill());
  return postgres;
}

/** Signals the first process, so that it starts no more, and then those that serve its connections. */
function signalAll(server: ChildProcess | null, signal: NodeJS.Signals): void {
  if (server?.pid === undefined) return;
  if (signal === 'SIGKILL') server.kill('SIGSTOP');
  else server.kill(signal);
  for (const pid of childrenOf(server.pid)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
  if (signal === 'SIGKILL') server.kill(signal);
}

/** From proc_pid_task(5); elsewhere than on Linux by pgrep(1). */
function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  const pids = existsSync(file)
    ? readFileSync(file, 'utf8')
    : spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout;
  return pids.split(/\s+/).filter(Boolean).map(Number);
}

async function untilItAnswers({ administer }: PrivatePostgres): Promise<void> {
  const deadline = Date.now() + START_LIMIT;
  for (;;) {
    try {
      await administer('select 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('the private postgres does not answer', { cause: error });
      await pause(50);
    }
  }
}
