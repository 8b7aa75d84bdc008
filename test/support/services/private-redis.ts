import { findExecutable } from '../../lab/packages/executables.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { startServer, temporaryFolder } from './private-server.ts';
import { type Attempt, unavailable } from './service.ts';

/** A Redis for this run: on a free port of 127.0.0.1, without persistence. */
export async function privateRedis(): Promise<Attempt> {
  const server = findExecutable('redis-server', 'valkey-server');
  if (server === null) return unavailable('redis-server is not installed');
  const folder = temporaryFolder('redis');
  const port = await freePort();
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder.path,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  return startServer('Redis', { path: server, args }, folder, `redis://127.0.0.1:${port}`);
}
