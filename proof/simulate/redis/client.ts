import { EventEmitter } from 'node:events';
import type { Link } from '../network/link.ts';
import type { Pending } from '../time/pending.ts';
import type { RedisServer } from './server.ts';

/** `ioredis` for the gateway, with connections to simulated servers. It has what `stores/redis/` and `revocation/` use. */

/** How a process reaches its Redis. */
export interface RedisRoute {
  readonly server: RedisServer;
  readonly link: Link;
}

/** The options of `connect.ts` that matter here. Milliseconds. */
interface Options {
  readonly host: string;
  readonly connectTimeout: number;
  readonly commandTimeout: number;
  retryStrategy(attempt: number): number;
  reconnectOnError(error: Error): boolean;
}

interface Waiting {
  readonly reject: (error: Error) => void;
  readonly timeout: Pending;
}

const routes = new Map<string, RedisRoute>();

/** @param host as in the URL of the Redis of a process */
export function routeToRedis(host: string, route: RedisRoute): void {
  routes.set(host, route);
}

export function forgetRedisRoutes(): void {
  routes.clear();
}

const NOT_WRITEABLE = "Stream isn't writeable and enableOfflineQueue options is false";

type Values = readonly (string | number)[];

export class Redis extends EventEmitter {
  status: 'connecting' | 'ready' | 'reconnecting' | 'end' = 'connecting';
  readonly #options: Options;
  readonly #route: RedisRoute;
  #attempt = 0;
  #connection: object = {};
  readonly #waiting = new Set<Waiting>();

  constructor(options: Options) {
    super();
    const route = routes.get(options.host);
    if (route === undefined) throw new Error(`no simulated Redis is called ${options.host}`);
    this.#options = options;
    this.#route = route;
    this.#connect();
  }

  set = (...values: Values) => this.#call('set', values);
  get = (...values: Values) => this.#call('get', values);
  del = (...values: Values) => this.#call('del', values);
  eval = (...values: Values) => this.#call('eval', values);
  time = () => this.#call('time', []);
  xadd = (...values: Values) => this.#call('xadd', values);
  xrange = (...values: Values) => this.#call('xrange', values);
  xrevrange = (...values: Values) => this.#call('xrevrange', values);
  xread = (...values: Values) => this.#call('xread', values);

  disconnect(): void {
    this.#drop(new Error('Connection is closed.'));
    this.status = 'end';
  }

  #connect(): void {
    const { link, server } = this.#route;
    const connection = {};
    this.#connection = connection;
    this.status = 'connecting';
    const isCurrent = () => this.#connection === connection && this.status === 'connecting';
    const failed = (message: string) => {
      if (isCurrent()) this.#lose(new Error(message));
    };
    link.later(this.#options.connectTimeout, () => failed('connect ETIMEDOUT'));
    link.connects(
      () => failed('connect ECONNREFUSED'),
      server.owner,
      () =>
        link.answers(() => {
          if (!isCurrent()) return;
          this.status = 'ready';
          this.#attempt = 0;
          const end = () => link.sends(connection, server.owner, 'redis end', () => server.forget(connection));
          const broken = () => {
            if (this.#connection === connection) this.#lose(new Error('read ECONNRESET'));
          };
          link.opened(connection, broken, end);
          this.emit('connect');
          this.emit('ready');
        }),
    );
  }

  #call(name: string, values: Values): Promise<unknown> {
    if (this.status !== 'ready') return Promise.reject(new Error(NOT_WRITEABLE));
    const { link, server } = this.#route;
    const connection = this.#connection;
    return new Promise((resolve, reject) => {
      const timeout = link.later(this.#options.commandTimeout, () => {
        this.#waiting.delete(waiting);
        reject(new Error('Command timed out'));
        // `socketTimeout` is as long: nothing came.
        if (this.#connection === connection) this.#lose(new Error('Socket timeout'));
      });
      const waiting = { reject, timeout };
      this.#waiting.add(waiting);
      const fate = link.fate();
      const breaks = () => {
        if (this.#connection === connection) this.#lose(new Error('read ECONNRESET'));
      };
      if (fate === 'lost before') {
        link.later(link.delay(), breaks);
        return;
      }
      link.sends(connection, server.owner, 'redis', () =>
        server.execute(connection, name, values, (error, value) => {
          link.answers(() => {
            if (fate === 'lost after') breaks();
            if (!this.#waiting.delete(waiting)) return;
            timeout.run = null;
            if (error === null) resolve(value);
            else reject(error);
            if (error !== null && this.#options.reconnectOnError(error)) this.#lose(error);
          });
        }),
      );
    });
  }

  #lose(error: Error): void {
    if (this.status === 'end') return;
    this.#drop(error);
    this.status = 'reconnecting';
    this.#attempt += 1;
    this.emit('error', error);
    this.#route.link.later(this.#options.retryStrategy(this.#attempt), () => {
      if (this.status === 'reconnecting') this.#connect();
    });
  }

  #drop(error: Error): void {
    const { link, server } = this.#route;
    const connection = this.#connection;
    this.#connection = {};
    link.forget(connection);
    link.sends(connection, server.owner, 'redis end', () => server.forget(connection));
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const one of waiting) {
      one.timeout.run = null;
      one.reject(error);
    }
  }
}

/** Clusters are not simulated. */
export class Cluster extends EventEmitter {}
