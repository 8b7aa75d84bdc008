import { Cluster, Redis } from 'ioredis';
import type { RedisLocation } from '../settings/redis-url.ts';

/** What ioredis offers for one server, behind Sentinels and in a Cluster alike. */
export type RedisClient = Redis | Cluster;

/** Milliseconds between two attempts to connect: short, since the feed is quick again only when one succeeds. */
const RETRY_FIRST = 50;
const RETRY_LAST = 500;

/**
 * A client of a Redis in whichever form. It connects by itself and again, and never keeps a command for later: whoever
 * asks while Redis is out hears so at once, and a server that hangs is treated like one that is gone.
 *
 * @param timeout milliseconds for an answer
 */
export function connectRedis(location: RedisLocation, timeout: number): RedisClient {
  const redis = createClient(location, timeout);
  // Each command that fails says so to whoever sent it; without a listener ioredis writes to the console as well.
  redis.on('error', () => {});
  return redis;
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
    // After a failover the server may have become a replica, which takes no writes.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    db: location.database,
    username: location.username === '' ? undefined : location.username,
    password: location.password === '' ? undefined : location.password,
  };
  const tls = location.tls ? { tls: {} } : {};
  const [first] = location.nodes;
  switch (location.form.kind) {
    case 'single':
      return new Redis({ ...options, ...tls, ...first });
    case 'sentinel':
      return new Redis({
        ...options,
        ...tls,
        sentinels: [...location.nodes],
        name: location.form.name,
        enableTLSForSentinelMode: location.tls,
        ...(location.tls && { sentinelTLS: {} }),
        sentinelCommandTimeout: timeout,
        sentinelRetryStrategy: retry,
        failoverDetector: true,
      });
    case 'cluster': {
      const { db: _, retryStrategy: __, ...perNode } = options;
      const cluster = {
        enableOfflineQueue: false,
        clusterRetryStrategy: retry,
        slotsRefreshTimeout: timeout,
        redisOptions: { ...perNode, ...tls },
      };
      return new Cluster([...location.nodes], cluster);
    }
  }
}
