import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findExecutable } from '../../lab/packages/executables.ts';
import { failureOf } from '../../lab/processes/failure.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { startServer, type TemporaryFolder, temporaryFolder } from './private-server.ts';
import { type Attempt, unavailable } from './service.ts';

const run = promisify(execFile);

const INITIALISE_MS = 120_000;
const ROOT_USER = process.getuid?.() === 0 ? ['--user=root'] : [];

/** A MariaDB or MySQL for this run: on a free port of 127.0.0.1, root without a password. */
export async function privateMysql(): Promise<Attempt> {
  const server = findExecutable('mariadbd', 'mysqld');
  if (server === null) return unavailable('neither mariadbd nor mysqld is installed');
  const folder = temporaryFolder('mysql');
  const data = join(folder.path, 'data');
  let ofItsKind: readonly string[];
  try {
    ofItsKind = (await isMariadb(server)) ? await initialiseMariadb(data, folder) : await initialiseMysql(server, data);
  } catch (error) {
    folder.remove();
    return unavailable(`${server} could not make its data folder: ${failureOf(error as Error)}`);
  }
  const port = await freePort();
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${folder.path}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--socket=${join(folder.path, 'socket')}`,
    `--pid-file=${join(folder.path, 'pid')}`,
    // The data is temporary: nothing needs to reach the disk.
    '--innodb-flush-log-at-trx-commit=0',
    '--skip-log-bin',
    ...ofItsKind,
    ...ROOT_USER,
  ];
  return startServer('MySQL', { path: server, args }, folder, `mysql://root@127.0.0.1:${port}`);
}

async function isMariadb(server: string): Promise<boolean> {
  const { stdout } = await run(server, ['--no-defaults', '--version'], { timeout: INITIALISE_MS });
  return stdout.includes('MariaDB');
}

async function initialiseMysql(server: string, data: string): Promise<string[]> {
  const args = ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...ROOT_USER];
  await run(server, args, { timeout: INITIALISE_MS });
  return ['--mysqlx=OFF'];
}

/**
 * `--force`: the installer refuses a machine whose own name does not resolve, which the server does not need. Its own folder
 * for temporary tables: the server that it starts removes all that it finds, also those of other servers.
 */
async function initialiseMariadb(data: string, folder: TemporaryFolder): Promise<string[]> {
  const installer = findExecutable('mariadb-install-db', 'mysql_install_db');
  if (installer === null) throw new Error('mariadb-install-db is not installed');
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${folder.path}`,
    '--force',
    '--skip-test-db',
    ...ROOT_USER,
  ];
  await run(installer, [...args, '--auth-root-authentication-method=normal'], { timeout: INITIALISE_MS });
  return ['--skip-name-resolve'];
}
