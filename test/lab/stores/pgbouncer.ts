import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { aptInstall } from '../packages/apt.ts';
import { findExecutable } from '../packages/executables.ts';
import { postgresRunner } from '../packages/postgres.ts';
import { freePort } from '../processes/free-port.ts';
import { startProcess } from '../processes/server-process.ts';
import type { Scope } from '../scope.ts';

const START_LIMIT = 30_000;

/**
 * A pgbouncer that gives each transaction whichever of its two server connections is free, as in production.
 *
 * @returns the same database through it
 */
export async function throughPgbouncer(t: Scope, location: PostgresLocation): Promise<PostgresLocation> {
  const program = await installed();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-pgbouncer-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { uid, gid } = postgresRunner();
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  const port = await freePort();
  const { host, user, password, database } = location;
  const login = `user=${user}${password === '' ? '' : ` password='${password}'`}`;
  const settings = [
    '[databases]',
    `${database} = host=${host} port=${location.port} ${login} pool_size=2`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
  ];
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(file, `${settings.join('\n')}\n`, { mode: 0o644 });
  // Like PostgreSQL, it refuses to run as root.
  const server = startProcess(program, ['-q', ...(uid === undefined ? [] : ['--user=postgres']), file]);
  server.stdout.resume();
  server.stderr.resume();
  t.teardown(() => server.end('SIGKILL'));
  const pooled = { ...location, host: '127.0.0.1', port };
  await untilItAnswers(pooled);
  return pooled;
}

async function installed(): Promise<string> {
  const found = findExecutable('pgbouncer');
  if (found !== null) return found;
  const failure = await aptInstall('pgbouncer', 'pgbouncer');
  const program = findExecutable('pgbouncer');
  if (program !== null) return program;
  throw new Error(`the tests need pgbouncer, and there is none: ${failure ?? 'it is still not there'}`);
}

async function untilItAnswers({ host, port, user, database }: PostgresLocation): Promise<void> {
  for (const deadline = Date.now() + START_LIMIT; ; await pause(50)) {
    const client = new pg.Client({ host, port, user, database, connectionTimeoutMillis: 1000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('pgbouncer does not answer', { cause: error });
    }
  }
}
