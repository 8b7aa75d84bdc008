import { type ChildProcess, spawn } from 'node:child_process';

/**
 * A test that times out runs no teardown. This guard then ends the server, and removes its folder, when its standard input
 * closes. Ctrl-C reaches this guard too.
 */
export function guardOf(server: ChildProcess, folder: string): ChildProcess {
  const clean = 'trap "" HUP INT TERM; cat; kill -9 "$0"; rm -rf "$1"';
  return spawn('sh', ['-c', clean, String(server.pid), folder], { stdio: ['pipe', 'ignore', 'ignore'] });
}
