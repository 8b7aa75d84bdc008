import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { ServiceName } from './service.ts';

/** The result of a login to a server: its version, or a short reason for the failure. */
export type Answer =
  | { readonly kind: 'answers'; readonly version: string }
  | { readonly kind: 'silent'; readonly why: string };

/**
 * Logs in and queries the version.
 *
 * @param url `mysql://…`, `postgres://…` or `redis://…`.
 * @param deadline Milliseconds for everything.
 */
export async function probe(name: ServiceName, url: string, deadline: number): Promise<Answer> {
  try {
    const version = await VERSION[name](url, deadline);
    return { kind: 'answers', version };
  } catch (error) {
    return { kind: 'silent', why: reason(error) };
  }
}

async function mysqlVersion(url: string, deadline: number): Promise<string> {
  const connecting = mysql.createConnection({ uri: url, connectTimeout: deadline });
  const connection = await within(deadline, connecting).catch((error: unknown) => {
    // If the server accepts but does not answer, the connection may still be established later, and must not stay open.
    connecting.then((late) => late.destroy()).catch(() => undefined);
    throw error;
  });
  try {
    const [rows] = await within(deadline, connection.query<mysql.RowDataPacket[]>('SELECT VERSION() AS version'));
    return String(rows[0]?.version);
  } finally {
    connection.destroy();
  }
}

async function postgresVersion(url: string, deadline: number): Promise<string> {
  const { pathname } = new URL(url);
  // Without a name, the driver asks for the database of the role's name.
  const database = pathname.slice(1) === '' ? 'postgres' : pathname.slice(1);
  const client = new pg.Client({ connectionString: url, database, connectionTimeoutMillis: deadline });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await within(deadline, client.query<{ server_version: string }>('show server_version'));
    return `PostgreSQL ${rows[0]?.server_version}`;
  } finally {
    client.end().catch(() => undefined);
  }
}

async function redisVersion(url: string, deadline: number): Promise<string> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: deadline,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // ioredis rejects only with "Connection is closed."; the event has the cause.
  let cause: Error | null = null;
  redis.on('error', (error: Error) => {
    cause = error;
  });
  try {
    await within(
      deadline,
      redis.connect().catch((error: unknown) => {
        throw cause ?? error;
      }),
    );
    const info = await within(deadline, redis.info('server'));
    return `Redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version'}`;
  } finally {
    redis.disconnect();
  }
}

async function within<T>(deadline: number, work: Promise<T>): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${deadline} ms`)), deadline);
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}

function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return (error.message.split('\n')[0] ?? error.name).replace(/\.$/, '');
}

const VERSION: Record<ServiceName, (url: string, deadline: number) => Promise<string>> = {
  MySQL: mysqlVersion,
  PostgreSQL: postgresVersion,
  Redis: redisVersion,
};
