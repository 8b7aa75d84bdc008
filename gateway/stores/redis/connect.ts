import { isIP } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import type { RedisLocation } from '../../settings/schema/redis-url.ts';
import { requireDatabase } from '../../workarounds/ioredis-select.ts';
import { closeAfterUnaskedAnswers } from '../../workarounds/ioredis-unasked-answers.ts';
import { isWithoutReason } from './failure.ts';

closeAfterUnaskedAnswers();

/** A client for one server, for Sentinels or for a Cluster. */
export type RedisClient = Redis | Cluster;

/** Milliseconds between two connection attempts: short, since the feed needs the connection. */
const RETRY_FIRST = 50;
const RETRY_LAST = 500;
/** Milliseconds between two reconnections away from a replica; after the last value without any, the pause starts anew. */
const REPLICA_FIRST = 1_000;
const REPLICA_LAST = 10_000;
const REPLICA_FORGOTTEN = 60_000;
/** Maximum number of redirections of a command in a Cluster; a moved slot takes one. */
const CLUSTER_RETRIES = 3;

/**
 * A client for one server, Sentinels or a Cluster. It reconnects by itself, and never queues commands: without a connection, a
 * command fails at once. A server that hangs is treated as down.
 *
 * @param timeout milliseconds for the answer to a command
 */
export function connectRedis(location: RedisLocation, timeout: number): RedisClient {
  const redis = createClient(location, timeout);
  // Keeps the reason: the error of a command does not say why there is no connection.
  const failed = (error: Error) => {
    if (!isWithoutReason(error) || !connectionErrors.has(redis)) connectionErrors.set(redis, error);
  };
  redis.on('error', failed);
  redis.on('node error', failed);
  const isRefused = redis instanceof Redis ? requireDatabase(redis) : () => false;
  redis.on('ready', () => {
    if (!isRefused()) connectionErrors.delete(redis);
  });
  return redis;
}

const connectionErrors = new WeakMap<RedisClient, Error>();

/** The last error of the connection; null when it is up, or has not failed yet. */
export function connectionErrorOf(redis: RedisClient): Error | null {
  return connectionErrors.get(redis) ?? null;
}

function createClient(location: RedisLocation, timeout: number): RedisClient {
  const retry = (attempt: number) => Math.min(RETRY_FIRST * attempt, RETRY_LAST);
  const options = {
    // RESP2: Redis before 6, and many compatible servers, support no other.
    protocol: 2 as const,
    disableClientInfo: true,
    connectTimeout: timeout,
    commandTimeout: timeout,
    // Abandons a silent connection: on a new one the server, or its replacement, may answer.
    socketTimeout: timeout,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // The ready check needs permission for INFO, and writes to the console without it. Probe writes show whether Redis works.
    enableReadyCheck: false,
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
        // No `failoverDetector`: it writes to the console. Sentinels close the connections of a replaced master.
        sentinelRetryStrategy: retry,
      });
    case 'cluster': {
      const { db: _, retryStrategy: __, ...perNode } = options;
      const cluster = {
        enableOfflineQueue: false,
        clusterRetryStrategy: retry,
        slotsRefreshTimeout: timeout,
        // Few and short: each may take a whole timeout, and a node that is down should be reported soon.
        maxRedirections: CLUSTER_RETRIES,
        retryDelayOnFailover: RETRY_FIRST,
        retryDelayOnClusterDown: RETRY_FIRST,
        // Keeps host names, against which certificates are verified.
        dnsLookup: (host: string, done: (error: null, host: string) => void) => done(null, host),
        redisOptions: { ...perNode, ...tls },
      };
      return new Cluster([...location.nodes], cluster);
    }
  }
}

/**
 * Reconnects on READONLY: after a failover the server may be a replica, which rejects writes, and a new connection may lead
 * to the new primary. Each further attempt waits longer.
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

/** The server name indication (RFC 6066 section 3), which ioredis does not set by itself. */
function serverName(host = ''): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}
