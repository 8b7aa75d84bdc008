import { join } from 'node:path';
import { HEAP_FLAGS } from '../../gateway/cli/node-flags.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Lab } from '../harness/lab.ts';
import { startServer } from '../harness/server.ts';
import type { RunningPeer } from './peer.ts';

/**
 * Runs a program of ours with the gateway's own Node and Node's flags, in production mode.
 *
 * @param file below this folder
 * @param args follow its first argument, which is its port
 */
export async function startNodeProgram(
  scope: Scope,
  lab: Lab,
  file: string,
  args: readonly string[],
): Promise<RunningPeer & { readonly port: number }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { cpu } = await startServer(scope, {
    name: file,
    command: process.execPath,
    args: [...HEAP_FLAGS, join(import.meta.dirname, file), String(port), ...args],
    env: { NODE_ENV: 'production' },
    core: lab.cores.server,
    answersAt: url,
  });
  return { url, port, cpu };
}
