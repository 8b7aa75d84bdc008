import { type buildConnector, Client, Dispatcher } from 'undici';
import { keepReasonOctets } from '../../workarounds/undici-reason-octets.ts';

export interface ConnectionOptions {
  readonly connect: buildConnector.connector;
  /** Milliseconds that a server may take to let a request begin. */
  readonly headersTimeout: number;
  /** Milliseconds after which a connection takes no more requests, so that a changed address is followed. */
  readonly age: number;
  /** Connections at a time. A request beyond them waits for the next that is free or closed. */
  readonly most: number;
}

type Request = [options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler];

/**
 * Connections to one server of HTTP/1.1, as many as there are requests at a time, up to a number of them. The one that was free last goes first,
 * so that as few as possible stay open.
 *
 * Undici's own pool looks through all of its connections for each request, twice and with their ages: with a few dozen
 * that costs as much as deciding on the request. Here the free ones lie on a stack.
 */
export class ConnectionPool extends Dispatcher {
  readonly #origin: string;
  readonly #options: ConnectionOptions;
  readonly #all = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #waiting: Request[] = [];
  #isDestroyed = false;

  constructor(origin: string, options: ConnectionOptions) {
    super();
    this.#origin = origin;
    this.#options = options;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const connection = this.#take();
    if (connection === null) {
      this.#waiting.push([options, handler]);
      return true;
    }
    connection.dispatch(options, handler);
    // Where undici has refused at once what is no request, nothing more is heard of it.
    this.#giveBack(connection);
    return true;
  }

  /** A connection has become free, or is no more. */
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
    // It then refuses what it is asked.
    if (this.#isDestroyed) void connection.destroy();
    return connection;
  }

  #giveBack(connection: Connection): void {
    if (connection.isFree || connection.closed || connection.destroyed) return;
    const { size, connected } = connection.stats;
    if (size > 0) return;
    // The server has ended it with its answer, or it never came up.
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

  /** One that the server has closed while nobody needed it is not opened again for the next that does. */
  #dropIfFree(connection: Connection): void {
    if (!connection.isFree) return;
    connection.isFree = false;
    this.#free.splice(this.#free.indexOf(connection), 1);
    this.#retire(connection);
  }

  /** It takes no more requests, and ends when those that it has are answered. */
  #retire(connection: Connection): void {
    if (connection.closed || connection.destroyed) return;
    connection.close(() => {
      this.#all.delete(connection);
      this.#serve();
    });
  }

  /** Cuts what is under way. */
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
