import type { Clock } from '../database/clock.ts';
import type { Database } from '../database/connection.ts';
import { hashOfId, type SessionStore } from './session-store.ts';

export interface SqlSessionStore extends SessionStore {
  /**
   * Deletes sessions that expired before the given moment, `limit` at most.
   *
   * @param before milliseconds since 1970
   * @returns how many it deleted
   */
  deleteExpired(before: number, limit: number): Promise<number>;
}

/** `id_hash` is compared as bytes; mysql2 returns such columns as a Buffer. Times are milliseconds since 1970. */
interface SessionRow {
  id_hash: string | Buffer;
  content: string;
  expires_at: number;
}

/**
 * The sessions in the gateway's own table.
 *
 * @param clock the database's clock, so that all nodes agree on when a session expires
 */
export function sqlSessionStore({ sql, query }: Database, clock: Clock): SqlSessionStore {
  const sessions = () => sql<SessionRow>('gatehouse_sessions');
  const live = (id: string) => sessions().where('id_hash', hashOfId(id)).where('expires_at', '>', clock.now());
  const expiry = (lifetime: number) => Math.ceil(clock.now() + lifetime);

  return {
    async read(id) {
      const [row] = await query(live(id).select('content'));
      return row?.content ?? null;
    },

    async write(id, content, lifetime) {
      const row = { id_hash: hashOfId(id), content, expires_at: expiry(lifetime) };
      await query(sessions().insert(row).onConflict('id_hash').merge());
    },

    async renew(id, content, lifetime) {
      await query(live(id).update({ content, expires_at: expiry(lifetime) }));
    },

    async destroy(id) {
      await query(sessions().where('id_hash', hashOfId(id)).delete());
    },

    async deleteExpired(before, limit) {
      // Selects, then deletes by key: for a delete by range, MySQL would lock gaps and block concurrent inserts.
      const expired = sessions().where('expires_at', '<', before).orderBy('expires_at').limit(limit);
      const hashes = await query(expired.pluck('id_hash'));
      if (hashes.length === 0) return 0;
      // A session that was renewed between the two queries stays.
      return await query(sessions().whereIn('id_hash', hashes.map(String)).where('expires_at', '<', before).delete());
    },
  };
}
