import { execFile, spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPostgres, initialisation, postgresRunner, serverOptions } from '../../lab/packages/postgres.ts';
import { failureOf } from '../../lab/processes/failure.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { startServer, temporaryFolder } from './private-server.ts';
import { type Attempt, unavailable } from './service.ts';

const INITIALISE_MS = 120_000;
const STOP_MS = 10_000;

/** A PostgreSQL for this run: on a free port of 127.0.0.1, the role postgres without a password. */
export async function privatePostgres(): Promise<Attempt> {
  const programs = findPostgres();
  if (programs === null) return unavailable('postgres is not installed');
  const folder = temporaryFolder('postgres');
  const data = join(folder.path, 'data');
  try {
    const runner = postgresRunner();
    if (runner.uid !== undefined && runner.gid !== undefined) chownSync(folder.path, runner.uid, runner.gid);
    await promisify(execFile)(programs.initdb, initialisation(data), { timeout: INITIALISE_MS, ...runner });
    const port = await freePort();
    // Killed, the server would leave its other processes and its shared memory behind.
    const immediately = ['stop', '-D', data, '--mode=immediate', '--wait'];
    const end = () => void spawnSync(programs.control, immediately, { stdio: 'ignore', timeout: STOP_MS, ...runner });
    const server = { path: programs.postgres, args: serverOptions(data, folder.path, port), runner, end };
    return await startServer('PostgreSQL', server, folder, `postgres://postgres@127.0.0.1:${port}`);
  } catch (error) {
    folder.remove();
    return unavailable(`${programs.initdb} could not make its data folder: ${failureOf(error as Error)}`);
  }
}
