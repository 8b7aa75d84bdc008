import { resolve } from 'node:path';
import { ADA, basic } from '../../test/lab/gateways/gateway.ts';
import type { Issued } from '../../test/lab/gateways/load.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Lab } from './lab.ts';
import { type Server, startServer } from './server.ts';

/** The gateway in a process of its own, with everything switched on. */
export interface Gatehouse extends Server {
  readonly url: string;
}

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');

/** The `Authorization` of Ada, whose id is 1, with her password. */
export const PASSWORD = basic(ADA);

/**
 * Starts the gateway as an operator does: MariaDB and Redis connected, the mirror of the denylist filled, metrics on, one
 * line in a log file for each request, and everything else as it comes.
 *
 * @param settings as in the configuration file; replace those of the laboratory key by key
 */
export async function startGatehouse(
  scope: Scope,
  lab: Lab,
  { name, settings = {} }: { readonly name: string; readonly settings?: Record<string, unknown> },
): Promise<Gatehouse> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const file = await lab.gateways.configure(name, { listen: { port }, ops: { port: opsPort }, ...settings });
  const server = await startServer(scope, {
    name,
    command: process.execPath,
    args: [MAIN, 'start', '--config', file],
    env: { NODE_ENV: 'production' },
    core: lab.cores.server,
    answersAt: `http://127.0.0.1:${opsPort}/health/ready`,
  });
  return { ...server, url: `http://127.0.0.1:${port}` };
}

/** Buys a token of Ada's for her password. */
export async function issueToken({ url }: { readonly url: string }): Promise<Issued> {
  const answer = await fetch(`${url}/api/v1/tokens/`, { method: 'POST', headers: { authorization: PASSWORD } });
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: string };
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  return { token, id: jti };
}

/** Revokes the token that it is sent with. */
export async function revokeToken({ url }: { readonly url: string }, { token }: Issued): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/api/v1/tokens/current`, { method: 'DELETE', headers });
  if (answer.status !== 204) throw new Error(`not revoked: ${answer.status} ${await answer.text()}`);
}
