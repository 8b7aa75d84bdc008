import { join, resolve } from 'node:path';
import { ADA, basic } from '../../test/lab/gateways/gateway.ts';
import type { Issued } from '../../test/lab/gateways/load.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Lab } from './lab.ts';
import { type Server, startServer } from './server.ts';

/** The gateway in a process of its own, with everything switched on. */
export interface Gatehouse extends Server {
  readonly url: string;
  /** The path of its configuration file. */
  readonly configuration: string;
}

const HERE = resolve(import.meta.dirname, '../..');

/** The `Authorization` of Ada, whose id is 1, with her password. */
export const PASSWORD = basic(ADA);

/** A gateway that differs from the one of the laboratory. */
export interface GatehousePlan {
  /** For messages. */
  readonly name: string;
  /** As in the configuration file; replace those of the laboratory key by key, those of `listen` one by one. */
  readonly settings?: Record<string, unknown>;
  /** The folder of another checkout; this one when left out. */
  readonly checkout?: string;
  /** Arguments of Node. */
  readonly nodeArgs?: readonly string[];
  /** Added to its environment. */
  readonly env?: Record<string, string>;
}

/**
 * Starts the gateway as an operator does: MariaDB and Redis connected, the mirror of the denylist filled, metrics on, one
 * line in a log file for each request, and everything else as it comes.
 */
export async function startGatehouse(
  scope: Scope,
  lab: Lab,
  { name, settings = {}, checkout = HERE, nodeArgs = [], env = {} }: GatehousePlan,
): Promise<Gatehouse> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const file = await lab.gateways.configure(name, {
    ops: { port: opsPort },
    ...settings,
    listen: { port, ...(settings.listen as object | undefined) },
  });
  const server = await startServer(scope, {
    name,
    command: process.execPath,
    args: [...nodeArgs, join(checkout, 'gateway/main.ts'), 'start', '--config', file],
    env: { NODE_ENV: 'production', ...env },
    core: lab.cores.server,
    answersAt: `http://127.0.0.1:${opsPort}/health/ready`,
  });
  return { ...server, url: `http://127.0.0.1:${port}`, configuration: file };
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
