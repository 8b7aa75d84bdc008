import type { Clock } from '../database/clock.ts';
import type { Database } from '../database/connection.ts';
import { hashOfId, type SessionStore } from './session-store.ts';

export interface SqlSessionStore extends SessionStore {
  /**
   * Deletes sessions that expired before the given moment, `limit` at most.
   *
   * @param before milliseconds since 1970
   * @returns how many
   */
  deleteExpired(before: number, limit: number): Promise<number>;
}

/** `id_hash` is compared as bytes; MySQL gives such columns as a Buffer. Times are milliseconds since 1970. */
interface SessionRow {
  id_hash: string | Buffer;
  content: string;
  expires_at: number;
}

/**
 * The sessions in the gateway's own table, on SQLite or MySQL.
 *
 * @param clock the database's, so that all nodes agree on when a session is over
 */
export function sqlSessionStore({ sql, ask }: Database, clock: Clock): SqlSessionStore {
  const sessions = () => sql<SessionRow>('gatehouse_sessions');
  const live = (id: string) => sessions().where('id_hash', hashOfId(id)).where('expires_at', '>', clock.now());
  const expiry = (lifetime: number) => Math.ceil(clock.now() + lifetime);

  return {
    async read(id) {
      const [row] = await ask(live(id).select('content'));
      return row?.content ?? null;
    },

    async write(id, content, lifetime) {
      const row = { id_hash: hashOfId(id), content, expires_at: expiry(lifetime) };
      await ask(sessions().insert(row).onConflict('id_hash').merge());
    },

    async renew(id, content, lifetime) {
      await ask(live(id).update({ content, expires_at: expiry(lifetime) }));
    },

    async destroy(id) {
      await ask(sessions().where('id_hash', hashOfId(id)).delete());
    },

    async deleteExpired(before, limit) {
      // Found first and then deleted by key: a delete by range would make MySQL lock what is being inserted beside it.
      const expired = sessions().where('expires_at', '<', before).orderBy('expires_at').limit(limit);
      const hashes = await ask(expired.pluck('id_hash'));
      if (hashes.length === 0) return 0;
      // One that was renewed meanwhile stays.
      return await ask(sessions().whereIn('id_hash', hashes.map(String)).where('expires_at', '<', before).delete());
    },
  };
}
