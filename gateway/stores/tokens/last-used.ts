import type { TokenClaims } from '../../domain/identity.ts';
import type { Clock } from '../database/clock.ts';
import type { Database } from '../database/connection.ts';
import { columnsOfRestrictions } from './store.ts';

/** Records when tokens were last used: notes each use in memory, and writes to the database once a minute. */
export interface LastUsed {
  /** The token was accepted now. */
  note(token: TokenClaims): void;
  /**
   * Writes the noted uses. Creates the record of a token that has none, as after a restore from an older backup, so that its
   * owner sees the token and can revoke it.
   */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const INTERVAL = 60_000;
/** Tokens in one statement. */
const BATCH = 500;

/**
 * @param clock the database's clock
 * @param isRevoked whether the token has been revoked since it was used: a new record would show it as valid
 */
export function trackLastUsed(
  { sql, query }: Database,
  clock: Clock,
  isRevoked: (token: TokenClaims) => boolean,
): LastUsed {
  let used = new Map<string, TokenClaims>();

  const write = async (batch: readonly TokenClaims[], now: number) => {
    const jtis = batch.map(({ jti }) => jti);
    const updated = await query(sql('gatehouse_tokens').whereIn('jti', jtis).update({ last_used_at: now }));
    // MySQL counts rows that match (the driver sets CLIENT_FOUND_ROWS), changed or not.
    if (updated >= batch.length) return;
    const valid = batch.filter((token) => !isRevoked(token));
    if (valid.length === 0) return;
    const rows = valid.map(({ jti, accountId, issuedAt, expiresAt, ...restrictions }) => ({
      jti,
      account_id: accountId,
      name: null,
      issued_at: issuedAt * 1000,
      expires_at: expiresAt * 1000,
      revoked_at: null,
      last_used_at: now,
      ...columnsOfRestrictions(restrictions),
    }));
    await query(sql('gatehouse_tokens').insert(rows).onConflict('jti').ignore());
  };

  const flush = async () => {
    const noted = [...used.values()];
    used = new Map();
    for (let i = 0; i < noted.length; i += BATCH) {
      try {
        await write(noted.slice(i, i + BATCH), clock.now());
      } catch {
        // The database is unavailable, which is reported elsewhere: tries again with the next flush.
        for (const token of noted.slice(i)) used.set(token.jti, token);
        return;
      }
    }
  };

  const timer = setInterval(() => void flush(), INTERVAL).unref();
  return {
    note: (token) => void used.set(token.jti, token),
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
