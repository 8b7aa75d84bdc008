import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { postgresRunner } from '../../lab/packages/postgres.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { type ServerProcess, startProcess } from '../../lab/processes/server-process.ts';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { findPackaged } from '../services/packaged.ts';

/** A pooler in front of one database, which gives each transaction one of a few server connections. */
export interface Pgbouncer {
  /** The database, through the pooler. */
  readonly location: PostgresLocation;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** @param connections to the server, at most */
export async function pgbouncer(t: Scope, target: PostgresLocation, connections: number): Promise<Pgbouncer> {
  const program = await findPackaged('pgbouncer');
  const { uid, gid } = postgresRunner();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-pgbouncer-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const { host, port: targetPort, user, database } = target;
  await writeFile(
    file,
    [
      '[databases]',
      `${database} = host=${host} port=${targetPort} user=${user}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      `default_pool_size = ${connections}`,
      'server_login_retry = 0.1',
    ].join('\n'),
  );
  if (uid !== undefined && gid !== undefined) for (const path of [folder, file]) await chown(path, uid, gid);
  const location = { ...target, host: '127.0.0.1', port };
  let process: ServerProcess | null = null;

  const pooler: Pgbouncer = {
    location,
    async start() {
      // It refuses to run as root, and changes to another user itself.
      process = startProcess(program, [...(uid === undefined ? [] : ['--user=postgres']), file]);
      process.stdout.resume();
      process.stderr.resume();
      await holds('pgbouncer answers', () => answers(location));
    },
    async kill() {
      await process?.end('SIGKILL');
      process = null;
    },
  };
  t.teardown(pooler.kill);
  await pooler.start();
  return pooler;
}

async function answers({ host, port, user, database }: PostgresLocation): Promise<boolean> {
  const client = new pg.Client({ host, port, user, database });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
