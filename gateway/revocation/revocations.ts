import type { Asker, Database } from '../stores/database/connection.ts';
import { type Appended, append, lockHead, type Voided } from './history.ts';

/** A token whose id is put on the denylist. `expiresAt` in milliseconds since 1970. */
export interface DeniedId {
  readonly jti: string;
  readonly expiresAt: number;
}

/** Revocations that are durable, and the ids that they put an end to at once. */
export interface Revoked extends Appended {
  readonly ids: readonly DeniedId[];
}

export type TokenRevoked =
  | { readonly kind: 'revoked'; readonly revoked: Revoked }
  | { readonly kind: 'already' }
  | { readonly kind: 'unknown' };

/** What a token says of itself, for one that may have no record. Times are milliseconds since 1970. */
export interface Unrecorded {
  readonly accountId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

interface TokenRow {
  jti: string | Buffer;
  account_id: string | Buffer;
  name: string | null;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
}

/** Tokens that one revocation of an account denies by their ids, in its transaction. */
const YOUNGER = 100;

/**
 * Revokes one token, in one transaction.
 *
 * @param owner the account that it must belong to; null for an operator
 * @param unrecorded what is written down of it where it has no record, as after the restore of a backup; null: such a
 *   token is unknown
 */
export async function revokeToken(
  database: Database,
  jti: string,
  { owner, unrecorded }: { owner: string | null; unrecorded: Unrecorded | null },
  now: number,
): Promise<TokenRevoked> {
  const tokens = () => database.sql<TokenRow>('gatehouse_tokens').where('jti', jti);
  // Not in the transaction: it would read what was there before it waited for the head, and MariaDB from 11.6 on refuses
  // to change what others have changed since (innodb_snapshot_isolation).
  const token = await database.ask(tokens().first());
  if (token === undefined && unrecorded === null) return { kind: 'unknown' };
  if (token !== undefined && owner !== null && String(token.account_id) !== owner) return { kind: 'unknown' };
  if (token !== undefined && token.revoked_at !== null) return { kind: 'already' };
  const expiresAt = token?.expires_at ?? unrecorded?.expiresAt ?? now;
  return await database.transact(async (asker): Promise<TokenRevoked> => {
    const head = await lockHead(asker);
    if (token === undefined && unrecorded !== null) await record(asker, jti, unrecorded);
    // Somebody else may have been quicker. The position is for the next then: a gap would look like a loss in Redis.
    const isFirst = (await asker.ask(tokens().whereNull('revoked_at').update({ revoked_at: now }))) > 0;
    if (!isFirst) return { kind: 'already' };
    const appended = await append(asker, head, [{ kind: 'token', jti, expiresAt }]);
    return { kind: 'revoked', revoked: { ...appended, ids: [{ jti, expiresAt }] } };
  });
}

async function record({ sql, ask }: Asker, jti: string, { accountId, issuedAt, expiresAt }: Unrecorded): Promise<void> {
  const row = { jti, account_id: accountId, name: null, issued_at: issuedAt, expires_at: expiresAt, revoked_at: null };
  await ask(sql('gatehouse_tokens').insert(row).onConflict('jti').ignore());
}

/**
 * Voids all tokens that the account has been issued up to now, in the caller's transaction, so that it can change the
 * account in the same breath. However many there are, it is a small write: their records are marked later, by
 * `follow-up.ts`.
 *
 * @param now by the database's clock
 * @param maxLifetime milliseconds that a token can live at the most
 */
export async function revokeAccount(
  asker: Asker,
  accountId: string,
  { now, maxLifetime }: { now: number; maxLifetime: number },
): Promise<Revoked> {
  const head = await lockHead(asker);
  const { sql, ask } = asker;
  const unrevoked = () => sql<TokenRow>('gatehouse_tokens').where('account_id', accountId).whereNull('revoked_at');
  // Tokens tell their age in whole seconds: all of the present one are void, and the next is issued as of the next.
  const nextSecond = (Math.floor(now / 1000) + 1) * 1000;
  // Those that follow on an earlier revocation in this second. Were the moment moved behind them each time, whoever does
  // so again and again would date his tokens into the future.
  const younger = await ask(
    unrevoked()
      .where('issued_at', '>=', nextSecond)
      .limit(YOUNGER + 1)
      .select('jti', 'issued_at', 'expires_at'),
  );
  let voidBefore = nextSecond;
  if (younger.length > YOUNGER) {
    const [youngest] = await ask(unrevoked().orderBy('issued_at', 'desc').limit(1).select('issued_at'));
    voidBefore = Math.max(nextSecond, (youngest?.issued_at ?? 0) + 1000);
  }
  const ids = voidBefore === nextSecond ? younger.map(deniedId) : [];
  if (ids.length > 0) {
    const named = sql('gatehouse_tokens').whereIn(
      'jti',
      ids.map(({ jti }) => jti),
    );
    await ask(named.update({ revoked_at: now }));
  }
  const voided: (Voided & { expiresAt: number })[] = [
    { kind: 'account', accountId, voidBefore, expiresAt: Math.max(now, voidBefore) + maxLifetime },
    ...ids.map((token) => ({ kind: 'token' as const, ...token })),
  ];
  return { ...(await append(asker, head, voided)), ids };
}

/** Milliseconds: far longer than any process knows an account without asking for it. */
const ANNOUNCED = 10 * 60_000;

/**
 * Has every node ask for the account again, in the caller's transaction, which changes it: an entry that voids nothing.
 *
 * @param now by the database's clock
 */
export async function announceAccount(asker: Asker, accountId: string, now: number): Promise<Revoked> {
  const head = await lockHead(asker);
  const entry = { kind: 'account', accountId, voidBefore: 0, expiresAt: now + ANNOUNCED } as const;
  return { ...(await append(asker, head, [entry])), ids: [] };
}

/** Tokens of the account that were issued before a moment and are not marked as revoked, the oldest first. */
export async function unmarkedTokens(
  { sql, ask }: Asker,
  { accountId, voidBefore, limit }: { accountId: string; voidBefore: number; limit: number },
): Promise<DeniedId[]> {
  const rows = await ask(
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

/** Marks records of tokens that are void already. */
export async function markRevoked({ sql, ask }: Asker, jtis: readonly string[], now: number): Promise<void> {
  const unmarked = sql('gatehouse_tokens')
    .whereIn('jti', [...jtis])
    .whereNull('revoked_at');
  await ask(unmarked.update({ revoked_at: now }));
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

function deniedId({ jti, expires_at }: Pick<TokenRow, 'jti' | 'expires_at'>): DeniedId {
  return { jti: String(jti), expiresAt: expires_at };
}
