import { type buildConnector, Client, Dispatcher } from 'undici';
import { keepReasonOctets } from '../../workarounds/undici-reason-octets.ts';
import type { ConnectionRoom, ConnectionSet } from '../upstream/connection-room.ts';

export interface ConnectionOptions {
  readonly connect: buildConnector.connector;
  /** Milliseconds for a server to accept a request. */
  readonly headersTimeout: number;
  /** Milliseconds after which a connection takes no more requests, so that changes in DNS take effect. */
  readonly age: number;
  /** Most connections at a time. Further requests wait until one is free or closed. */
  readonly most: number;
}

type Request = [options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler];

/**
 * HTTP/1.1 connections to one server: one for each concurrent request, up to a limit. The connection that became free last
 * is used first, so that few stay open.
 *
 * Undici's own pool scans all of its connections twice for each request: with a few dozen, that costs as much as the
 * decision on the request. Here the free connections are on a stack.
 */
export class ConnectionPool extends Dispatcher implements ConnectionSet {
  readonly #origin: string;
  readonly #options: ConnectionOptions;
  readonly #all = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #waiting: Request[] = [];
  readonly #makeRoom: () => void;
  #isDestroyed = false;

  constructor(origin: string, options: ConnectionOptions, room: ConnectionRoom) {
    super();
    this.#origin = origin;
    this.#options = options;
    this.#makeRoom = room.join(this);
  }

  get size(): number {
    return this.#all.size;
  }

  closeIdle(): boolean {
    const connection = this.#free.shift();
    if (connection === undefined) return false;
    connection.isFree = false;
    this.#retire(connection);
    return true;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const connection = this.#take();
    if (connection === null) {
      this.#waiting.push([options, handler]);
      return true;
    }
    connection.dispatch(options, handler);
    // Undici emits no event after it refuses an invalid request at once.
    this.#giveBack(connection);
    return true;
  }

  /** Sends the next waiting request: a connection has become free, or was closed. */
  #serve(): void {
    const request = this.#waiting.shift();
    if (request !== undefined) this.dispatch(...request);
  }

  #take(): Connection | null {
    for (let connection = this.#free.pop(); connection !== undefined; connection = this.#free.pop()) {
      connection.isFree = false;
      if (!this.#isOld(connection)) return connection;
      this.#retire(connection);
    }
    return this.#all.size < this.#options.most || this.#isDestroyed ? this.#open() : null;
  }

  #open(): Connection {
    this.#makeRoom();
    const { connect, headersTimeout } = this.#options;
    const connection = new Connection(this.#origin, { connect, headersTimeout, allowH2: false });
    this.#all.add(connection);
    keepReasonOctets(connection);
    connection.on('connect', () => {
      connection.since = performance.now();
    });
    connection.on('drain', () => this.#giveBack(connection));
    connection.on('disconnect', () => this.#dropIfFree(connection));
    connection.on('connectionError', () => this.#retire(connection));
    // A destroyed connection refuses its requests.
    if (this.#isDestroyed) void connection.destroy();
    return connection;
  }

  #giveBack(connection: Connection): void {
    if (connection.isFree || connection.closed || connection.destroyed) return;
    const { size, connected } = connection.stats;
    if (size > 0) return;
    // The server closed the connection with its answer, or the connection failed.
    if (!connected || this.#isOld(connection)) {
      this.#retire(connection);
      return;
    }
    connection.isFree = true;
    this.#free.push(connection);
    this.#serve();
  }

  #isOld({ since }: Connection): boolean {
    return performance.now() - since > this.#options.age;
  }

  /** Drops a connection that the server closed while it was free: it is not reopened for the next request. */
  #dropIfFree(connection: Connection): void {
    if (!connection.isFree) return;
    connection.isFree = false;
    this.#free.splice(this.#free.indexOf(connection), 1);
    this.#retire(connection);
  }

  /** Lets a connection take no more requests, and closes it when its own are answered. */
  #retire(connection: Connection): void {
    if (connection.closed || connection.destroyed) return;
    connection.close(() => {
      this.#all.delete(connection);
      this.#serve();
    });
  }

  /** Aborts the requests in progress. */
  override async destroy(): Promise<void> {
    this.#isDestroyed = true;
    for (const [options, handler] of this.#waiting.splice(0)) this.dispatch(options, handler);
    this.#free.length = 0;
    await Promise.all([...this.#all].map((connection) => connection.destroy()));
  }
}

class Connection extends Client {
  /** `performance.now()` when it was opened. */
  since = Number.POSITIVE_INFINITY;
  isFree = false;
}
