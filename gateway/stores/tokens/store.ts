import type { Knex } from 'knex';
import type { TokenRestrictions } from '../../domain/identity.ts';
import type { Database } from '../database/connection.ts';

/** The stamp and the key of a token, as recorded. */
export interface TokenBond {
  /** The digest of the account's stamp when the token was issued: see `digestForTokens`. */
  readonly boundTo: string;
  /** The id of the secret that signed it. */
  readonly keyId: string;
}

/** The record of an issued token. Times are milliseconds since 1970. */
export interface TokenRecord extends TokenRestrictions {
  readonly jti: string;
  readonly accountId: string;
  readonly name: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** null: issued by a release that did not record it. */
  readonly bond: TokenBond | null;
}

export interface LiveToken extends Omit<TokenRecord, 'bond'> {
  /** Accurate to some minutes; null: never used. */
  readonly lastUsedAt: number | null;
}

/** A token that has not expired, accepted or not. */
export interface ListedRecord extends LiveToken {
  readonly revokedAt: number | null;
  readonly isAccepted: boolean;
}

/** The conditions for accepting a token: the rule of `identify/standing.ts` for SQL. Times are milliseconds since 1970. */
export interface Acceptance {
  readonly accountId: string;
  /** The digest of the account's current stamp. */
  readonly boundTo: string;
  /** The ids of the keys that verify; null: any. */
  readonly keyIds: readonly string[] | null;
  /** The account's tokens that were issued before this moment are revoked. */
  readonly voidBefore: number;
  readonly maxLifetime: number;
  readonly now: number;
}

/** A position in the order of issue, valid also after its token is deleted. */
export interface Cursor {
  readonly issuedAt: number;
  readonly jti: string;
}

export interface Section {
  readonly order: 'oldest first' | 'newest first';
  /** Starts after this one in the order; null: from the beginning. */
  readonly after: Cursor | null;
  readonly limit: number;
}

/** All methods throw GatewayError `service_unavailable` when the store is unavailable. Times are milliseconds since 1970. */
export interface TokenStore {
  /** Inserts the record of a token. Must resolve before the client gets the token. */
  record(token: TokenRecord): Promise<void>;
  /** The accepted tokens, including old records without a bond. */
  listLive(accepted: Acceptance, section: Section): Promise<LiveToken[]>;
  /** The number of accepted tokens, counting up to `most`. */
  countLive(accepted: Acceptance, most: number): Promise<number>;
  /** @returns null when the token is not accepted, or belongs to another account */
  findLive(accepted: Acceptance, jti: string): Promise<LiveToken | null>;
  /**
   * All unexpired tokens of the account: first the unrevoked ones in the order of issue, then the revoked ones in the order
   * of revocation.
   *
   * @param after the last record of the previous page; null: from the beginning
   */
  listUnexpired(accepted: Acceptance, after: ListedRecord | null, limit: number): Promise<ListedRecord[]>;
  /** Deletes records that expired before the given moment, `limit` at most. @returns how many it deleted */
  deleteExpired(before: number, limit: number): Promise<number>;
}

/**
 * A row of `gatehouse_tokens`, with times in ms since 1970. `jti`, `account_id` and the bond are compared as bytes; mysql2
 * returns such columns as a Buffer.
 */
export interface TokenRow {
  jti: string | Buffer;
  account_id: string | Buffer;
  name: string | null;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
  last_used_at: number | null;
  bound_to: string | Buffer | null;
  key_id: string | Buffer | null;
  scope: string | null;
  addresses: string | null;
}

/** A column of the order, and its value in the last record that was read. */
type Key = readonly [column: 'revoked_at' | 'issued_at' | 'jti', after: string | number | null];

/** The records in the gateway's own table. */
export function sqlTokenStore({ kind, sql, query }: Database): TokenStore {
  const tokens = () => sql<TokenRow>('gatehouse_tokens');
  const accepted = ({ accountId, boundTo, keyIds, voidBefore, maxLifetime }: Acceptance) => {
    const rows = tokens()
      .where('account_id', accountId)
      .whereNull('revoked_at')
      .where('issued_at', '>=', voidBefore)
      .whereRaw('expires_at - issued_at <= ?', [maxLifetime])
      .where((which) => void which.whereNull('bound_to').orWhere('bound_to', boundTo));
    if (keyIds === null) return rows;
    return rows.where((which) => void which.whereNull('key_id').orWhereIn('key_id', [...keyIds]));
  };
  // `+ 0` keeps the database from using the index on `expires_at`, after which it would have to sort.
  const unexpired = (rows: Knex.QueryBuilder, now: number) => rows.whereRaw('expires_at + 0 > ?', [now]);

  // By itself PostgreSQL sorts null after all values, the others before them.
  const nulls = (column: Key[0], direction: 'asc' | 'desc') =>
    kind === 'postgres' && column === 'revoked_at'
      ? { nulls: direction === 'asc' ? ('first' as const) : ('last' as const) }
      : {};

  /** Reads rows ordered by `columns`, `limit` at most. @param after the last row that was read; null: from the beginning */
  const inOrder = async (
    build: () => Knex.QueryBuilder,
    columns: readonly Key[0][],
    { after, direction, limit }: { after: readonly Key[] | null; direction: 'asc' | 'desc'; limit: number },
  ): Promise<TokenRow[]> => {
    const sorted = (rows: Knex.QueryBuilder, most: number): Promise<TokenRow[]> =>
      query(
        rows
          .orderBy(columns.map((column) => ({ column, order: direction, ...nulls(column, direction) })))
          .limit(most)
          .select('*'),
      );
    if (after === null) return await sorted(build(), limit);
    const found: TokenRow[] = [];
    // One query for each range of the index: few databases use the index for all of them in a single query.
    for (const [at, [column, value]] of [...after.entries()].reverse()) {
      if (found.length >= limit) break;
      const range = build();
      for (const [same, equal] of after.slice(0, at)) void range.where(same, equal);
      void (value === null ? range.whereNotNull(column) : range.where(column, direction === 'asc' ? '>' : '<', value));
      found.push(...(await sorted(range, limit - found.length)));
    }
    return found;
  };

  return {
    async record({ jti, accountId, name, issuedAt, expiresAt, bond, ...restrictions }) {
      const row = {
        jti,
        account_id: accountId,
        name,
        issued_at: issuedAt,
        expires_at: expiresAt,
        revoked_at: null,
        bound_to: bond?.boundTo ?? null,
        key_id: bond?.keyId ?? null,
        ...columnsOfRestrictions(restrictions),
      };
      await query(sql('gatehouse_tokens').insert(row));
    },

    async listLive(which, { order, after, limit }) {
      const rows = await inOrder(() => unexpired(accepted(which), which.now), ['issued_at', 'jti'], {
        after: after && keysOf(after),
        direction: order === 'oldest first' ? 'asc' : 'desc',
        limit,
      });
      return rows.map(recordOf);
    },

    async countLive(which, most) {
      const some = accepted(which).where('expires_at', '>', which.now).limit(most).select('jti').as('some');
      const counted: { count: number | string }[] = await query(sql.from(some).count({ count: '*' }));
      return Number(counted[0]?.count ?? 0);
    },

    async findLive(which, jti) {
      const found = accepted(which).where('expires_at', '>', which.now).where('jti', jti);
      const row: TokenRow | undefined = await query(found.first());
      return row === undefined ? null : recordOf(row);
    },

    async listUnexpired(which, after, limit) {
      const all = () => unexpired(tokens().where('account_id', which.accountId), which.now);
      const rows = await inOrder(all, ['revoked_at', 'issued_at', 'jti'], {
        after: after && [['revoked_at', after.revokedAt], ...keysOf(after)],
        direction: 'asc',
        limit,
      });
      if (rows.length === 0) return [];
      const ids = rows.map(({ jti }) => String(jti));
      const among: (string | Buffer)[] = await query(accepted(which).whereIn('jti', ids).pluck('jti'));
      const isAccepted = new Set(among.map(String));
      return rows.map((row) => {
        const record = recordOf(row);
        return { ...record, revokedAt: row.revoked_at, isAccepted: isAccepted.has(record.jti) };
      });
    },

    async deleteExpired(before, limit) {
      // Selects, then deletes by key: for a delete by range, MySQL would lock gaps and block concurrent inserts.
      const expired = await query(
        tokens().where('expires_at', '<', before).orderBy('expires_at').limit(limit).pluck('jti'),
      );
      if (expired.length === 0) return 0;
      return await query(tokens().whereIn('jti', expired.map(String)).delete());
    },
  };
}

function keysOf({ issuedAt, jti }: Cursor): Key[] {
  return [
    ['issued_at', issuedAt],
    ['jti', jti],
  ];
}

function recordOf(row: TokenRow): LiveToken {
  return {
    jti: String(row.jti),
    accountId: String(row.account_id),
    name: row.name,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    scope: row.scope?.split(' ') ?? null,
    addresses: row.addresses?.split(' ') ?? null,
  };
}

export function columnsOfRestrictions({ scope, addresses }: TokenRestrictions): Pick<TokenRow, 'scope' | 'addresses'> {
  return { scope: scope?.join(' ') ?? null, addresses: addresses?.join(' ') ?? null };
}
