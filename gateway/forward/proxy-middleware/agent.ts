import type { ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { buildConnector } from 'undici';
import type { GroupSettings } from '../../settings/schema/upstream-group.ts';
import { UnhurriedAgent } from '../../workarounds/node-unasked-answers.ts';
import type { UpstreamAddress } from '../path.ts';
import { createConnector } from '../upstream/connector.ts';

/** Milliseconds after which an idle connection is closed: before most servers close it, which could race with a request. */
const IDLE = 4_000;

/**
 * The HTTP/1.1 connections to one server for http-proxy-middleware, with the same deadline, TLS options and socket path as
 * undici's. All lead to that server, whichever host a request names.
 */
export class UpstreamAgent extends UnhurriedAgent {
  readonly #connect: buildConnector.connector;
  readonly #place: Pick<URL, 'protocol' | 'hostname' | 'host' | 'port'>;
  readonly #age: number;
  readonly #since = new WeakMap<Duplex, number>();

  /** @param connectTimeout milliseconds */
  constructor(
    { origin, socketPath }: UpstreamAddress,
    { tls, connections, connectionAge }: GroupSettings,
    connectTimeout: number,
  ) {
    const { protocol, hostname, host, port } = new URL(socketPath === null ? origin : 'http://localhost');
    super({ protocol, keepAlive: true, timeout: IDLE, maxSockets: connections });
    this.#place = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), host, port };
    this.#connect = createConnector({ tls, http2: false }, socketPath, connectTimeout);
    this.#age = connectionAge;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect({ ...this.#place }, (error, socket) => {
      if (error === null) this.#since.set(socket, performance.now());
      callback(error, socket as Duplex);
    });
  }

  /** @returns whether the connection is kept. Node reads `undefined` as true, and its types say `void`. */
  override keepSocketAlive(socket: Duplex): boolean {
    const isOld = performance.now() - (this.#since.get(socket) ?? 0) > this.#age;
    const isKept: unknown = super.keepSocketAlive(socket);
    return !isOld && isKept !== false;
  }
}
