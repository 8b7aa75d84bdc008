import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { type Gatehouse, type GatehousePlan, issueToken, startGatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { PATH } from '../harness/upstream.ts';
import { type Idle, idleConnections, idleWebSockets } from '../load/idle.ts';
import { portOf } from './ask.ts';

/** A gateway that can be given idle connections. */
export interface IdleGatehouse {
  readonly gatehouse: Gatehouse;
  readonly authorization: string;
  openConnections(): Promise<Idle>;
  openWebSockets(): Promise<Idle>;
  /** @throws {OperatorError} When the gateway has closed some of them by itself. */
  closeAll(connections: Idle, webSockets: Idle): Promise<void>;
}

export const CONNECTIONS = 2_000;
export const WEB_SOCKETS = 500;
const WEB_SOCKETS_PATH = '/api/v1/sockets';

/**
 * Starts one with a route to the usual upstream and a route to a WebSocket server.
 *
 * @param node arguments of Node, and what is added to the environment
 */
export async function startIdleGatehouse(
  scope: Scope,
  lab: Lab,
  node: Pick<GatehousePlan, 'nodeArgs' | 'env'> = {},
): Promise<IdleGatehouse> {
  const routes = [
    { name: 'orders', path: '/api/v1/orders', upstream: lab.upstream.url },
    { name: 'sockets', path: WEB_SOCKETS_PATH, upstream: await startSilentUpstream(scope) },
  ];
  const gatehouse = await startGatehouse(scope, lab, { name: 'idle', settings: { routes }, ...node });
  const { token } = await issueToken(gatehouse);
  const authorization = `Bearer ${token}`;
  return {
    gatehouse,
    authorization,
    openConnections: () => idleConnections(portOf(gatehouse), CONNECTIONS, { path: PATH, authorization }),
    openWebSockets: () => idleWebSockets(gatehouse.url + WEB_SOCKETS_PATH, WEB_SOCKETS, authorization),
    async closeAll(connections, webSockets) {
      const open = connections.open() + webSockets.open();
      await Promise.all([connections.close(), webSockets.close()]);
      const closed = CONNECTIONS + WEB_SOCKETS - open;
      if (closed > 0) throw new OperatorError(`The gateway closed ${closed} idle connections: no figure.`);
    },
  };
}

/** Milliseconds after which what was needed only to open connections, or to close them, is done. */
const SETTLING = 2_000;

export async function settle(): Promise<void> {
  await pause(SETTLING);
}

/** A real WebSocket server that takes every handshake. @returns its URL */
async function startSilentUpstream(scope: Scope): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 1_024 });
  scope.teardown(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
