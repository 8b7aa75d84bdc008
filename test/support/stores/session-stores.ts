import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { redisSessionStore } from '../../../gateway/stores/sessions/redis-sessions.ts';
import { hashOfId, type SessionStore } from '../../../gateway/stores/sessions/session-store.ts';
import { sqlSessionStore } from '../../../gateway/stores/sessions/sql-sessions.ts';
import type { Scope } from '../../lab/scope.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase } from '../../lab/stores/database.ts';
import { redisProcess } from './redis-process.ts';
import { locationOf } from './separate-services.ts';

export const KINDS = [...DATABASES, 'redis'] as const;

/** A session store that several gateways share. */
export interface SharedSessions {
  /** Opens the store with separate connections, like another gateway. */
  open(): Promise<SessionStore>;
  /** The remaining lifetime of the session in the store, in milliseconds; null if there is none. */
  lifeOf(id: string): Promise<number | null>;
  /** The whole content of the store, keys and values. */
  dump(): Promise<string>;
}

const TIMEOUT = 10_000;
export const KEY_PREFIX = 'p:';

/** An empty session store, removed when the test ends. */
export async function sharedSessions(t: Scope, kind: (typeof KINDS)[number]): Promise<SharedSessions> {
  return kind === 'redis' ? await inRedis(t) : await inDatabase(t, kind);
}

async function inRedis(t: Scope): Promise<SharedSessions> {
  const { port } = await redisProcess(t);
  const connect = async () => {
    const redis = connectRedis(locationOf(`redis://127.0.0.1:${port}`), TIMEOUT);
    t.teardown(() => redis.disconnect());
    await whenReady(redis, TIMEOUT);
    return redis;
  };
  const redis = await connect();
  return {
    open: async () => redisSessionStore(await connect(), KEY_PREFIX),
    async lifeOf(id) {
      const left = await redis.pttl(`${KEY_PREFIX}session:${hashOfId(id)}`);
      return left === -2 ? null : left;
    },
    async dump() {
      const keys = await redis.keys('*');
      return JSON.stringify(await Promise.all(keys.map(async (key) => [key, await redis.get(key)])));
    },
  };
}

async function inDatabase(t: Scope, kind: DatabaseKind): Promise<SharedSessions> {
  const location = await temporaryDatabase(t, kind);
  const open = async () => {
    const database = openDatabase(location, { timeout: TIMEOUT });
    t.teardown(() => database.close());
    await migrate(database);
    return database;
  };
  const database = await open();
  const rows = () => database.sql('gatehouse_sessions');
  return {
    open: async () => sqlSessionStore(await open(), Date),
    async lifeOf(id) {
      const [row] = await database.query(rows().where('id_hash', hashOfId(id)).select('expires_at'));
      return row === undefined ? null : Number(row.expires_at) - Date.now();
    },
    async dump() {
      const all: { id_hash: unknown; content: unknown }[] = await database.query(rows().select('*'));
      return JSON.stringify(all.map((row) => [String(row.id_hash), row.content]));
    },
  };
}
