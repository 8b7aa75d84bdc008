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

/** Revocations that are durable, in their order, and the ids that they put an end to. */
export interface Revoked {
  readonly revocations: readonly Revocation[];
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
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
}

/** Revokes one token, in one transaction. @param owner the account that it must belong to; null for an operator */
export async function revokeToken(
  database: Database,
  jti: string,
  owner: string | null,
  now: number,
): Promise<TokenRevoked> {
  const tokens = () => database.sql<TokenRow>('gatehouse_tokens').where('jti', jti);
  // Not in the transaction: it would read what was there before it waited for the head, and MariaDB from 11.6 on refuses
  // to change what others have changed since (innodb_snapshot_isolation).
  const token = await database.ask(tokens().first());
  if (token === undefined || (owner !== null && String(token.account_id) !== owner)) return { kind: 'unknown' };
  if (token.revoked_at !== null) return { kind: 'already' };
  const expiresAt = token.expires_at;
  return await database.transact(async (asker): Promise<TokenRevoked> => {
    const position = await nextPosition(asker);
    // Somebody else may have been quicker. The position is for the next then: a gap would look like a loss in Redis.
    const isFirst = (await asker.ask(tokens().whereNull('revoked_at').update({ revoked_at: now }))) > 0;
    if (!isFirst) return { kind: 'already' };
    const revocations: Revocation[] = [{ kind: 'token', position, jti, expiresAt }];
    await append(asker, revocations);
    return { kind: 'revoked', revocations, ids: [{ jti, expiresAt }] };
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
  // Locked: what is issued in between would be voided below, and missing here.
  const tokens = await ask(live().forUpdate().select('jti', 'issued_at', 'expires_at'));
  await ask(live().update({ revoked_at: now }));
  // Tokens tell their age in whole seconds: all of the present one are void, and the next is issued as of the next.
  const voidBefore = (Math.floor(now / 1000) + 1) * 1000;
  // Those of this second that follow on an earlier such revocation, and those of a node whose clock is ahead of ours.
  const younger = tokens.filter(({ issued_at }) => issued_at >= voidBefore);
  const revocations: Revocation[] = [
    { kind: 'account', position, accountId, voidBefore, expiresAt: now + maxLifetime },
    ...younger.map((token, i) => ({ kind: 'token' as const, position: position + 1 + i, ...deniedId(token) })),
  ];
  await append(asker, revocations);
  return { revocations, ids: tokens.map(deniedId) };
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
  return rows.map(deniedId);
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

/** Locks the head until the commit, see the migration. @returns the position for `append` */
async function nextPosition({ sql, ask }: Asker): Promise<number> {
  const row = await ask(sql<{ position: number }>('gatehouse_revocation_head').forUpdate().first('position'));
  return (row?.position ?? 0) + 1;
}

async function append({ sql, ask }: Asker, revocations: readonly Revocation[]): Promise<void> {
  await ask(sql('gatehouse_revocations').insert(revocations.map(rowOf)));
  await ask(sql('gatehouse_revocation_head').update({ position: revocations.at(-1)?.position }));
}

function deniedId({ jti, expires_at }: Pick<TokenRow, 'jti' | 'expires_at'>): DeniedId {
  return { jti: String(jti), expiresAt: expires_at };
}

function rowOf(revocation: Revocation): RevocationRow {
  const { position, expiresAt: expires_at } = revocation;
  return revocation.kind === 'token'
    ? { position, jti: revocation.jti, account_id: null, void_before: null, expires_at }
    : { position, jti: null, account_id: revocation.accountId, void_before: revocation.voidBefore, expires_at };
}

function revocationOf(row: RevocationRow): Revocation {
  const { position, expires_at: expiresAt } = row;
  return row.jti === null
    ? { kind: 'account', position, expiresAt, accountId: String(row.account_id), voidBefore: row.void_before ?? 0 }
    : { kind: 'token', position, expiresAt, jti: String(row.jti) };
}
