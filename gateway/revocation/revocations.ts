import type { Database, QueryRunner } from '../stores/database/connection.ts';
import type { TokenRow } from '../stores/tokens/store.ts';
import { type Appended, append, lockHead, type Voided } from './history.ts';

/** A token id for the denylist. `expiresAt` in milliseconds since 1970. */
export interface DeniedId {
  readonly jti: string;
  readonly expiresAt: number;
}

/** Durable revocations, and the token ids that they revoke by id. */
export interface Revoked extends Appended {
  readonly ids: readonly DeniedId[];
}

export type TokenRevoked =
  | { readonly kind: 'revoked'; readonly revoked: Revoked }
  | { readonly kind: 'already' }
  | { readonly kind: 'unknown' };

/** The claims of a token that may have no record. Times are milliseconds since 1970. */
export interface Unrecorded {
  readonly accountId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Maximum number of tokens that the revocation of an account revokes by id. */
const YOUNGER = 100;

/**
 * Revokes one token, in one transaction.
 *
 * @param owner the account to which the token must belong; null for an operator
 * @param unrecorded the record to create if it is missing, as after a restore from a backup; null: such a token is unknown
 */
export async function revokeToken(
  database: Database,
  jti: string,
  { owner, unrecorded }: { owner: string | null; unrecorded: Unrecorded | null },
  now: number,
): Promise<TokenRevoked> {
  const tokens = () => database.sql<TokenRow>('gatehouse_tokens').where('jti', jti);
  // Read outside the transaction. Inside, its snapshot would be older than the wait for the head, and MariaDB from 11.6 on
  // refuses to update rows that have changed since the snapshot (innodb_snapshot_isolation).
  const token = await database.query(tokens().first());
  if (token === undefined && unrecorded === null) return { kind: 'unknown' };
  if (token !== undefined && owner !== null && String(token.account_id) !== owner) return { kind: 'unknown' };
  if (token !== undefined && token.revoked_at !== null) return { kind: 'already' };
  const expiresAt = token?.expires_at ?? unrecorded?.expiresAt ?? now;
  return await database.transact(async (runner): Promise<TokenRevoked> => {
    const head = await lockHead(runner);
    if (token === undefined && unrecorded !== null) await record(runner, jti, unrecorded);
    // If another process has revoked it meanwhile, no position is used: a gap would look like a lost entry in Redis.
    const isFirst = (await runner.query(tokens().whereNull('revoked_at').update({ revoked_at: now }))) > 0;
    if (!isFirst) return { kind: 'already' };
    const appended = await append(runner, head, [{ kind: 'token', jti, expiresAt }]);
    return { kind: 'revoked', revoked: { ...appended, ids: [{ jti, expiresAt }] } };
  });
}

async function record(
  { sql, query }: QueryRunner,
  jti: string,
  { accountId, issuedAt, expiresAt }: Unrecorded,
): Promise<void> {
  const row = { jti, account_id: accountId, name: null, issued_at: issuedAt, expires_at: expiresAt, revoked_at: null };
  await query(sql('gatehouse_tokens').insert(row).onConflict('jti').ignore());
}

/**
 * Revokes all tokens issued to the account up to now, in the caller's transaction, which can change the account as well. The
 * write is small for any number of tokens: their records are marked later (`mark-voided.ts`).
 *
 * @param now by the database's clock
 * @param maxLifetime longest life of a token, in ms
 */
export async function revokeAccount(
  runner: QueryRunner,
  accountId: string,
  { now, maxLifetime }: { now: number; maxLifetime: number },
): Promise<Revoked> {
  const head = await lockHead(runner);
  const { sql, query } = runner;
  const unrevoked = () => sql<TokenRow>('gatehouse_tokens').where('account_id', accountId).whereNull('revoked_at');
  // `iat` has whole seconds: all tokens of the present second are void, and new tokens are dated to the next one.
  const nextSecond = (Math.floor(now / 1000) + 1) * 1000;
  // Tokens issued after an earlier revocation in this second are dated to the next second. They are revoked by id: if the
  // cutoff moved past them each time, repeated revocations would date tokens further and further into the future.
  const younger = await query(
    unrevoked()
      .where('issued_at', '>=', nextSecond)
      .limit(YOUNGER + 1)
      .select('jti', 'issued_at', 'expires_at'),
  );
  let voidBefore = nextSecond;
  if (younger.length > YOUNGER) {
    const [youngest] = await query(unrevoked().orderBy('issued_at', 'desc').limit(1).select('issued_at'));
    voidBefore = Math.max(nextSecond, (youngest?.issued_at ?? 0) + 1000);
  }
  const ids = voidBefore === nextSecond ? younger.map(deniedId) : [];
  if (ids.length > 0) {
    const named = sql('gatehouse_tokens').whereIn(
      'jti',
      ids.map(({ jti }) => jti),
    );
    await query(named.update({ revoked_at: now }));
  }
  const voided: (Voided & { expiresAt: number })[] = [
    { kind: 'account', accountId, voidBefore, expiresAt: Math.max(now, voidBefore) + maxLifetime },
    ...ids.map((token) => ({ kind: 'token' as const, ...token })),
  ];
  return { ...(await append(runner, head, voided)), ids };
}

/** Milliseconds: far longer than any process caches an account. */
const ANNOUNCED = 10 * 60_000;

/**
 * Makes every node look up the account again: appends an entry that voids nothing, in the transaction that changes the account.
 *
 * @param now by the database's clock
 */
export async function announceAccount(runner: QueryRunner, accountId: string, now: number): Promise<Revoked> {
  const head = await lockHead(runner);
  const entry = { kind: 'account', accountId, voidBefore: 0, expiresAt: now + ANNOUNCED } as const;
  return { ...(await append(runner, head, [entry])), ids: [] };
}

/** Tokens of the account that were issued before the cutoff and are not marked as revoked, the oldest first. */
export async function unmarkedTokens(
  { sql, query }: QueryRunner,
  { accountId, voidBefore, limit }: { accountId: string; voidBefore: number; limit: number },
): Promise<DeniedId[]> {
  const rows = await query(
    sql<TokenRow>('gatehouse_tokens')
      .where('account_id', accountId)
      .whereNull('revoked_at')
      .where('issued_at', '<', voidBefore)
      .orderBy('issued_at')
      .limit(limit)
      .select('jti', 'expires_at'),
  );
  return rows.map(deniedId);
}

/** Marks the records of tokens that have been revoked already, by id or with their account. */
export async function markRevoked({ sql, query }: QueryRunner, jtis: readonly string[], now: number): Promise<void> {
  const unmarked = sql('gatehouse_tokens')
    .whereIn('jti', [...jtis])
    .whereNull('revoked_at');
  await query(unmarked.update({ revoked_at: now }));
}

/** Revoked, unexpired tokens in the order of their ids, `limit` at most: the content of the denylist. */
export async function deniedIdsAfter(
  { sql, query }: QueryRunner,
  jti: string,
  { now, limit }: { now: number; limit: number },
): Promise<DeniedId[]> {
  const rows = await query(
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

function deniedId({ jti, expires_at }: Pick<TokenRow, 'jti' | 'expires_at'>): DeniedId {
  return { jti: String(jti), expiresAt: expires_at };
}
