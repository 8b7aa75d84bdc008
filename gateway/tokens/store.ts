import type { Database } from '../database/connection.ts';

/** What is known of an issued token. Times are milliseconds since 1970. */
export interface TokenRecord {
  readonly jti: string;
  readonly accountId: string;
  readonly name: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface LiveToken extends TokenRecord {
  /** To within some minutes; null: not yet. */
  readonly lastUsedAt: number | null;
}

/** All of them throw GatewayError `service_unavailable` when the store is out. Times are milliseconds since 1970. */
export interface TokenStore {
  /** Writes down a token that is about to be handed out. */
  record(token: TokenRecord): Promise<void>;
  /** The account's tokens that have neither expired nor been revoked, the oldest first. */
  listLive(accountId: string, now: number): Promise<LiveToken[]>;
  /** Deletes records that expired before the given moment, `limit` at most. @returns how many */
  deleteExpired(before: number, limit: number): Promise<number>;
}

/** `jti` and `account_id` are compared as bytes; MySQL gives such columns as a Buffer. */
interface TokenRow {
  jti: string | Buffer;
  account_id: string | Buffer;
  name: string | null;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
  last_used_at: number | null;
}

/** The records in the gateway's own table, on SQLite or MySQL. */
export function sqlTokenStore({ sql, ask }: Database): TokenStore {
  const tokens = () => sql<TokenRow>('gatehouse_tokens');

  return {
    async record({ jti, accountId, name, issuedAt, expiresAt }) {
      const row = { jti, account_id: accountId, name, issued_at: issuedAt, expires_at: expiresAt, revoked_at: null };
      await ask(sql('gatehouse_tokens').insert(row));
    },

    async listLive(accountId, now) {
      const live = tokens().where('account_id', accountId).where('expires_at', '>', now).whereNull('revoked_at');
      const rows = await ask(live.select('*').orderBy(['issued_at', 'jti']));
      return rows.map(recordOf);
    },

    async deleteExpired(before, limit) {
      // Found first and then deleted by key: a delete by range would make MySQL lock what is being inserted beside it.
      const expired = await ask(
        tokens().where('expires_at', '<', before).orderBy('expires_at').limit(limit).pluck('jti'),
      );
      if (expired.length === 0) return 0;
      return await ask(tokens().whereIn('jti', expired.map(String)).delete());
    },
  };
}

function recordOf(row: TokenRow): LiveToken {
  return {
    jti: String(row.jti),
    accountId: String(row.account_id),
    name: row.name,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
