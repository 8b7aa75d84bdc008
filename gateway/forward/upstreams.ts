import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { RouteSettings, Settings } from '../settings/schema.ts';
import { upstreamAddress } from './path.ts';

/** One server that requests can be sent to. */
export interface Upstream {
  /** `http://host:port`, as the log shows it. */
  readonly origin: string;
  /** `host:port`, for the `Host` field. */
  readonly host: string;
  /** What stands before every path: empty, or a path without a last slash. */
  readonly basePath: string;
  readonly pool: Dispatcher;
}

export interface Upstreams {
  /** The next of the route's upstreams, in turn. */
  pick(route: RouteSettings): Upstream;
  close(): Promise<void>;
}

/** One pool of connections for each origin, shared by the routes that lead there. */
export function createUpstreams(routes: readonly RouteSettings[], timeouts: Settings['timeouts']): Upstreams {
  const pools = new Map<string, Pool>();
  const groups = new Map<RouteSettings, { members: readonly Upstream[]; next: number }>();

  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        allowH2: false,
        pipelining: 1,
        connect: createConnect(timeouts.connect),
        headersTimeout: timeouts.firstByte,
        bodyTimeout: timeouts.idle,
      });
      pools.set(origin, pool);
    }
    return pool;
  };

  for (const route of routes) {
    const members = route.upstream.map((address) => {
      const { origin, host, basePath } = upstreamAddress(address);
      return { origin, host, basePath, pool: poolOf(origin) };
    });
    groups.set(route, { members, next: 0 });
  }

  return {
    pick(route) {
      const group = groups.get(route);
      const upstream = group?.members[group.next];
      if (group === undefined || upstream === undefined) throw new TypeError(`route ${route.name} has no upstream`);
      group.next = (group.next + 1) % group.members.length;
      return upstream;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** A code that undici does not know, for a connection that the upstream has reset. */
const UPSTREAM_RESET = 'ERR_UPSTREAM_RESET';

/**
 * Connects as undici does, but for two things.
 *
 * Undici names the client's `Host` to TLS, so that the client would choose which certificate is right: the upstream's
 * own host is what counts. And undici takes a reset for the regular end of an answer that only the end of the connection
 * delimits, so that what is truncated would look whole: under another code it stays an error.
 *
 * @param timeout milliseconds for TCP and TLS together
 */
function createConnect(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout, allowH2: false });
  return ({ servername: _clientHost, ...options }, callback) =>
    connect(options, (...result) => {
      result[1]?.prependListener('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = UPSTREAM_RESET;
      });
      callback(...result);
    });
}
