import { isIP } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import type { RedisLocation } from '../../settings/schema/redis-url.ts';
import { isWithoutReason } from './failure.ts';

/** What ioredis offers for one server, behind Sentinels and in a Cluster alike. */
export type RedisClient = Redis | Cluster;

/** Milliseconds between two attempts to connect: short, since the feed is quick again only when one succeeds. */
const RETRY_FIRST = 50;
const RETRY_LAST = 500;
/** Milliseconds between two connections that are left because they lead to a replica; and without one, to begin anew. */
const REPLICA_FIRST = 1_000;
const REPLICA_LAST = 10_000;
const REPLICA_FORGOTTEN = 60_000;
/** How often a command may be sent to another node of a Cluster; a move of slots takes one. */
const CLUSTER_RETRIES = 3;

/**
 * A client of a Redis in whichever form. It connects by itself and again, and never keeps a command for later: whoever
 * asks while Redis is out hears so at once, and a server that hangs is treated like one that is gone.
 *
 * @param timeout milliseconds for an answer
 */
export function connectRedis(location: RedisLocation, timeout: number): RedisClient {
  const redis = createClient(location, timeout);
  // Each command that fails says so to whoever sent it, but not why there is no connection.
  const failed = (error: Error) => {
    if (!isWithoutReason(error) || !connectionErrors.has(redis)) connectionErrors.set(redis, error);
  };
  redis.on('error', failed);
  redis.on('node error', failed);
  redis.on('ready', () => connectionErrors.delete(redis));
  return redis;
}

const connectionErrors = new WeakMap<RedisClient, Error>();

/** What the connection failed with last; null where it is there, or has not failed yet. */
export function connectionErrorOf(redis: RedisClient): Error | null {
  return connectionErrors.get(redis) ?? null;
}

/** Resolves when the client can be used, and after `ms` in any case: without Redis the work goes on all the same. */
export async function whenReady(redis: RedisClient, ms: number): Promise<void> {
  if (redis.status === 'ready') return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  redis.once('ready', resolve);
  await promise;
  clearTimeout(timer);
  redis.off('ready', resolve);
}

function createClient(location: RedisLocation, timeout: number): RedisClient {
  const retry = (attempt: number) => Math.min(RETRY_FIRST * attempt, RETRY_LAST);
  const options = {
    // RESP2: Redis before 6, and much that speaks its protocol, knows no other.
    protocol: 2 as const,
    disableClientInfo: true,
    connectTimeout: timeout,
    commandTimeout: timeout,
    // A connection on which nothing comes back is left: by another one the server, or the one that replaced it, may answer.
    socketTimeout: timeout,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: retry,
    reconnectOnError: leaveReplicas(),
    db: location.database,
    username: location.username === '' ? undefined : location.username,
    password: location.password === '' ? undefined : location.password,
  };
  const tls = location.tls ? { tls: {} } : {};
  const [first] = location.nodes;
  switch (location.form.kind) {
    case 'single':
      return new Redis({ ...options, ...first, ...(location.tls && { tls: serverName(first?.host) }) });
    case 'sentinel':
      return new Redis({
        ...options,
        ...tls,
        sentinels: [...location.nodes],
        name: location.form.name,
        enableTLSForSentinelMode: location.tls,
        ...(location.tls && { sentinelTLS: {} }),
        sentinelCommandTimeout: timeout,
        // No `failoverDetector`: it writes to the console. Sentinels cut the connections of a master that they replace.
        sentinelRetryStrategy: retry,
      });
    case 'cluster': {
      const { db: _, retryStrategy: __, ...perNode } = options;
      const cluster = {
        enableOfflineQueue: false,
        clusterRetryStrategy: retry,
        slotsRefreshTimeout: timeout,
        // Few and short, since each may take a timeout of its own, and whoever asks is to hear soon that a node is out.
        maxRedirections: CLUSTER_RETRIES,
        retryDelayOnFailover: RETRY_FIRST,
        retryDelayOnClusterDown: RETRY_FIRST,
        // Names stay names, so that certificates are checked against them.
        dnsLookup: (host: string, done: (error: null, host: string) => void) => done(null, host),
        redisOptions: { ...perNode, ...tls },
      };
      return new Cluster([...location.nodes], cluster);
    }
  }
}

/**
 * After a failover the server may have become a replica, which takes no writes: another connection may lead to the new
 * master. Where it does not, each further try comes later.
 */
function leaveReplicas(): (error: Error) => boolean {
  let pause = 0;
  let notBefore = 0;
  return ({ message }) => {
    const now = performance.now();
    if (!message.startsWith('READONLY') || now < notBefore) return false;
    pause = now - notBefore > REPLICA_FORGOTTEN ? REPLICA_FIRST : Math.min(pause * 2, REPLICA_LAST);
    notBefore = now + pause;
    return true;
  };
}

/** Of several servers behind one address, the one that is meant: Node's TLS does not tell by itself (RFC 6066 section 3). */
function serverName(host = ''): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}
