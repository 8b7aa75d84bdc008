import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { buildConnector } from 'undici';
import type { GroupSettings } from '../../settings/schema/upstream-group.ts';
import type { UpstreamAddress } from '../path.ts';
import { createConnector } from '../undici/connector.ts';

/** It is no secret: agents of other libraries have it too. But Node's types do not know it. */
const { addRequest } = Agent.prototype as unknown as Pick<UpstreamAgent, 'addRequest'>;

/** Milliseconds after which an idle connection is closed: before most servers close theirs, which could cross a request. */
const IDLE = 4_000;

/**
 * The connections to one server for http-proxy-middleware. They are made like those of the other transport: the same
 * deadline, TLS and socket path, and a request gets one when it is up. Whatever a request says of a host, all of them lead
 * to the server; HTTP/2 is not spoken.
 */
export class UpstreamAgent extends Agent {
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

  /** Node calls this for each request, before it prepares to read the answer, and would keep a thousand of its fields. */
  addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    request.maxHeadersCount = 0;
    addRequest.call(this, request, options);
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

  /** @returns whether it is kept; Node takes no answer for yes, and so do its types */
  override keepSocketAlive(socket: Duplex): boolean {
    const isOld = performance.now() - (this.#since.get(socket) ?? 0) > this.#age;
    const isKept: unknown = super.keepSocketAlive(socket);
    return !isOld && isKept !== false;
  }
}
