import { KEPT_BEYOND_END } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import type { SqlSessionStore } from '../stores/sessions/sql-sessions.ts';
import type { TokenStore } from '../stores/tokens/store.ts';
import { deleteExpiredRevocations } from './history.ts';
import { repeat } from './repeat.ts';
import type { RevocationService } from './revocation-service.ts';

export interface HousekeepingDeps {
  readonly database: Database;
  readonly tokens: Pick<TokenStore, 'deleteExpired'>;
  readonly sessions: Pick<SqlSessionStore, 'deleteExpired'>;
  readonly revocations: Pick<RevocationService, 'mirror' | 'clock' | 'databaseClock' | 'database'>;
}

/** Milliseconds. */
const INTERVAL = 60_000;
/** Maximum number of rows deleted by one statement; the next sweep continues. */
const ROWS = 10_000;
const SESSION_ROWS = 1_000;

/**
 * Deletes tokens, revocations and sessions each minute, `KEPT_BEYOND_END` after they have expired.
 *
 * @returns stops the sweeps
 */
export function startHousekeeping({ database, tokens, sessions, revocations }: HousekeepingDeps): () => void {
  const { mirror, clock } = revocations;
  const stopping = new AbortController();
  void repeat(INTERVAL, stopping.signal, async () => {
    // If the clocks differ, the database's clock may be the wrong one: nothing is deleted by it then.
    if (!revocations.databaseClock.isUp || !revocations.database.isUp) return;
    const now = clock.now();
    const before = now - KEPT_BEYOND_END;
    mirror.sweep(before);
    const sweeps = [
      () => tokens.deleteExpired(before, ROWS),
      () => deleteExpiredRevocations(database, now, ROWS),
      () => sessions.deleteExpired(before, SESSION_ROWS),
    ];
    // The catch-up reports an outage of the database.
    for (const sweep of sweeps) await sweep().catch(() => {});
  });
  return () => stopping.abort();
}
