import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Link } from '../network/link.ts';
import type { Pending } from '../time/pending.ts';
import { serverError } from './errors.ts';
import type { Session, SqlServer } from './server.ts';

/** `mysql2` for knex, with connections to simulated servers. */

/** How a process reaches its database server. */
export interface SqlRoute {
  readonly server: SqlServer;
  readonly link: Link;
}

type Done = (error: Error | null, result?: unknown, fields?: unknown) => void;

const routes = new Map<string, SqlRoute>();

/** @param host as in the URL of the database of a process */
export function routeTo(host: string, route: SqlRoute): void {
  routes.set(host, route);
}

/** What the pool of knex and the gateway use of a socket. */
class Stream extends EventEmitter {
  destroyed = false;
  readonly #onDestroy: () => void;
  constructor(onDestroy: () => void) {
    super();
    this.#onDestroy = onDestroy;
  }
  destroy() {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#onDestroy();
    this.emit('close');
  }
}

class Connection extends EventEmitter {
  readonly stream: Stream;
  threadId = 0;
  _fatalError: Error | null = null;
  readonly #route: SqlRoute;
  readonly #timeout: number;
  readonly #waiting = new Set<Done>();
  #session: Session | null = null;

  constructor(route: SqlRoute, timeout: number) {
    super();
    this.#route = route;
    this.#timeout = timeout;
    this.stream = new Stream(() => this.#lose('the socket was destroyed', false));
  }

  connect(done: Done): void {
    const { link, server } = this.#route;
    let late: Pending | null = null;
    const settled = (error: Error | null) => {
      if (late === null || late.run === null) return;
      late.run = null;
      done(error);
    };
    late = link.later(this.#timeout, () => settled(failure('ETIMEDOUT', 'connect ETIMEDOUT')));
    link.connects(
      () => settled(failure('ECONNREFUSED', 'connect ECONNREFUSED')),
      server.owner,
      () => {
        const session = server.connect();
        link.answers(() => {
          this.#session = session;
          this.threadId = session.id;
          const end = () => link.sends(this, server.owner, 'sql end', () => server.disconnect(session));
          link.opened(this, () => this.#lose('read ECONNRESET', true), end);
          settled(null);
        });
      },
    );
  }

  query(statement: { sql: string }, values: readonly unknown[] | Done, then?: Done): void {
    const done = typeof values === 'function' ? values : then;
    const bindings = typeof values === 'function' ? [] : values;
    const session = this.#session;
    if (done === undefined) throw new Error('knex always gives a callback');
    const { link, server } = this.#route;
    if (session === null || this.stream.destroyed) {
      done(lost("Can't add new command when connection is in closed state"));
      return;
    }
    this.#waiting.add(done);
    const fate = link.fate();
    if (fate === 'lost before') {
      link.later(link.delay(), () => this.#lose('read ECONNRESET', true));
      return;
    }
    link.sends(this, server.owner, 'sql', () => {
      server.execute(session, statement.sql, bindings, (error, result) => {
        if (fate === 'lost after') {
          link.answers(() => this.#lose('read ECONNRESET', true));
          return;
        }
        link.answers(() => {
          if (!this.#waiting.delete(done)) return;
          if (error !== null) done(error);
          else done(null, result !== undefined && 'rows' in result ? result.rows : result, []);
        });
      });
    });
  }

  end(done: () => void): void {
    this.stream.destroy();
    done();
  }

  destroy(): void {
    this.stream.destroy();
  }

  #lose(reason: string, isFault: boolean): void {
    const { link, server } = this.#route;
    const error = isFault ? failure('ECONNRESET', reason) : lost(reason);
    this._fatalError = error;
    link.forget(this);
    const session = this.#session;
    this.#session = null;
    // The server notices a moment later.
    if (session !== null) link.sends(this, server.owner, 'sql end', () => server.disconnect(session));
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const done of waiting) done(error);
    if (isFault) {
      // knex has stopped listening when it has given the connection up.
      if (this.listenerCount('error') > 0) this.emit('error', error);
      this.stream.destroy();
    }
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(serverError(code, message), {
    syscall: code === 'ECONNRESET' ? 'read' : 'connect',
    fatal: true,
  });
}

function lost(message: string): Error {
  return Object.assign(serverError('PROTOCOL_CONNECTION_LOST', message), { fatal: true });
}

export function forgetSqlRoutes(): void {
  routes.clear();
}

/** knex asks this for its driver. */
export function installDriver(): void {
  const client = createRequire(import.meta.url)('knex/lib/dialects/mysql2/index.js') as {
    prototype: { _driver(): unknown };
  };
  client.prototype._driver = () => ({
    createConnection({ host, connectTimeout }: { host: string; connectTimeout: number }) {
      const route = routes.get(host);
      if (route === undefined) throw new Error(`no simulated server is called ${host}`);
      return new Connection(route, connectTimeout);
    },
  });
}
