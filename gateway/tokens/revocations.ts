import type { Asker, Database } from '../database/connection.ts';

/** One entry of the list of revocations. Times are milliseconds since 1970. */
export type Revocation = {
  /** Its place in the order of commits, from 1. */
  readonly position: number;
  /** When every token that it voids has expired by itself. */
  readonly expiresAt: number;
} & (
  | { readonly kind: 'token'; readonly jti: string }
  /** All of an account's tokens that were issued before `voidBefore`. */
  | { readonly kind: 'account'; readonly accountId: string; readonly voidBefore: number }
);

/** A token whose id is put on the denylist. `expiresAt` in milliseconds since 1970. */
export interface DeniedId {
  readonly jti: string;
  readonly expiresAt: number;
}

/** A revocation that is durable, and the ids that it put an end to. */
export interface Revoked {
  readonly revocation: Revocation;
  readonly ids: readonly DeniedId[];
}

export type TokenRevoked =
  | ({ readonly kind: 'revoked' } & Revoked)
  | { readonly kind: 'already' }
  | { readonly kind: 'unknown' };

interface RevocationRow {
  position: number;
  jti: string | Buffer | null;
  account_id: string | Buffer | null;
  void_before: number | null;
  expires_at: number;
}

interface TokenRow {
  jti: string | Buffer;
  account_id: string | Buffer;
  expires_at: number;
  revoked_at: number | null;
}

/** Revokes one token, in one transaction. @param owner the account that it must belong to; null for an operator */
export function revokeToken(database: Database, jti: string, owner: string | null, now: number): Promise<TokenRevoked> {
  return database.transact(async (asker): Promise<TokenRevoked> => {
    const { sql, ask } = asker;
    const tokens = () => sql<TokenRow>('gatehouse_tokens').where('jti', jti);
    const token = await ask(tokens().first());
    if (token === undefined || (owner !== null && String(token.account_id) !== owner)) return { kind: 'unknown' };
    if (token.revoked_at !== null) return { kind: 'already' };
    const position = await nextPosition(asker);
    // Somebody else may have been quicker while this waited for the head.
    if ((await ask(tokens().whereNull('revoked_at').update({ revoked_at: now }))) === 0) return { kind: 'already' };
    const expiresAt = token.expires_at;
    await ask(sql('gatehouse_revocations').insert({ position, jti, expires_at: expiresAt }));
    return { kind: 'revoked', revocation: { kind: 'token', position, jti, expiresAt }, ids: [{ jti, expiresAt }] };
  });
}

/**
 * Revokes all tokens that the account has been issued up to now, in the caller's transaction, so that it can change the
 * account in the same breath.
 *
 * @param maxLifetime milliseconds that a token can live at the most
 */
export async function revokeAccount(
  asker: Asker,
  accountId: string,
  { now, maxLifetime }: { now: number; maxLifetime: number },
): Promise<Revoked> {
  const position = await nextPosition(asker);
  const { sql, ask } = asker;
  const live = () =>
    sql<TokenRow>('gatehouse_tokens')
      .where('account_id', accountId)
      .where('expires_at', '>', now)
      .whereNull('revoked_at');
  const tokens = await ask(live().select('jti', 'expires_at'));
  await ask(live().update({ revoked_at: now }));
  // Tokens tell their age in whole seconds: all of the present one are void, and the next is issued as of the next.
  const voidBefore = (Math.floor(now / 1000) + 1) * 1000;
  const expiresAt = now + maxLifetime;
  await ask(
    sql('gatehouse_revocations').insert({
      position,
      account_id: accountId,
      void_before: voidBefore,
      expires_at: expiresAt,
    }),
  );
  return {
    revocation: { kind: 'account', position, accountId, voidBefore, expiresAt },
    ids: tokens.map(({ jti, expires_at }) => ({ jti: String(jti), expiresAt: expires_at })),
  };
}

/** The position of the newest revocation. */
export async function headPosition({ sql, ask }: Asker): Promise<number> {
  const row = await ask(sql<{ position: number }>('gatehouse_revocation_head').first('position'));
  return row?.position ?? 0;
}

/** The revocations behind a position that still void something, in order, `limit` at most. */
export async function revocationsAfter(
  { sql, ask }: Asker,
  position: number,
  { now, limit }: { now: number; limit: number },
): Promise<Revocation[]> {
  const rows = await ask(
    sql<RevocationRow>('gatehouse_revocations')
      .where('position', '>', position)
      .where('expires_at', '>', now)
      .orderBy('position')
      .limit(limit)
      .select('*'),
  );
  return rows.map(revocationOf);
}

/** Revoked tokens that have not expired, in the order of their ids, `limit` at most: what the denylist must hold. */
export async function deniedIdsAfter(
  { sql, ask }: Asker,
  jti: string,
  { now, limit }: { now: number; limit: number },
): Promise<DeniedId[]> {
  const rows = await ask(
    sql<TokenRow>('gatehouse_tokens')
      .where('jti', '>', jti)
      .whereNotNull('revoked_at')
      .where('expires_at', '>', now)
      .orderBy('jti')
      .limit(limit)
      .select('jti', 'expires_at'),
  );
  return rows.map((row) => ({ jti: String(row.jti), expiresAt: row.expires_at }));
}

/** Deletes entries that void nothing any more. @returns how many */
export async function deleteExpiredRevocations({ sql, ask }: Asker, before: number, limit: number): Promise<number> {
  const expired = await ask(
    sql<RevocationRow>('gatehouse_revocations')
      .where('expires_at', '<', before)
      .orderBy('expires_at')
      .limit(limit)
      .pluck('position'),
  );
  if (expired.length === 0) return 0;
  return await ask(sql('gatehouse_revocations').whereIn('position', expired).delete());
}

/** Locks the head until the commit; see the migration. */
async function nextPosition(asker: Asker): Promise<number> {
  await asker.ask(asker.sql('gatehouse_revocation_head').increment('position', 1));
  return await headPosition(asker);
}

function revocationOf(row: RevocationRow): Revocation {
  const { position, expires_at: expiresAt } = row;
  return row.jti === null
    ? { kind: 'account', position, expiresAt, accountId: String(row.account_id), voidBefore: row.void_before ?? 0 }
    : { kind: 'token', position, expiresAt, jti: String(row.jti) };
}
