import { randomHex } from '../http/random-hex.ts';
import { type ClockReading, KEPT_BEYOND_END, momentNow, timeExpression } from '../stores/database/clock.ts';
import type { Asker, Database } from '../stores/database/connection.ts';

/**
 * The list of revocations in the database, which is the truth, and how a node sees that it is still the list that it knows.
 *
 * Whoever revokes locks the one row of the head and counts it up, so that no position becomes visible after a later one.
 * Positions alone do not show that the end of the list was lost and written anew: after a failover to a replica that
 * lacked the last transactions, or after a restore, they are given out once more. So each revocation has a random value
 * of its own, its `chain`, and the head has that of the newest. A node that has read up to position 7 with chain `a1`
 * knows by one row that all it has read is still there: the one at position 7 has the chain `a1`. Where it has not, the
 * node reads everything anew, keeps what it knew, and puts that into the database again (`heal.ts`).
 *
 * `installation` names the database. Entries of another one in the same Redis are no news about this one.
 */

/** A point in the history of one installation: everything up to `position`, the last of which has this `chain`. */
export interface Place {
  readonly installation: string;
  /** In the order of commits, from 1. 0: nothing has been revoked. */
  readonly position: number;
  readonly chain: string;
}

/** One entry of the list of revocations. Times are milliseconds since 1970. */
export type Revocation = {
  readonly position: number;
  /** null: written by a release that knew no chains. */
  readonly chain: string | null;
  /** When every token that it voids has expired by itself. */
  readonly expiresAt: number;
} & Voided;

/** What a revocation is about: a token, or all of an account's that were issued before `voidBefore`. */
export type Voided =
  | { readonly kind: 'token'; readonly jti: string }
  | { readonly kind: 'account'; readonly accountId: string; readonly voidBefore: number };

/** The head of the list, and whether what is known of it is still there. */
export interface Head extends Place {
  readonly hasKnown: boolean;
  /** When it was read. */
  readonly reading: ClockReading;
}

/** Revocations that were appended in one transaction, in order. */
export interface Appended {
  readonly installation: string;
  /** The chain of the one before the first of them. */
  readonly previous: string;
  readonly revocations: readonly (Revocation & { readonly chain: string })[];
}

/** Positions behind the head whose rows are kept although they void nothing any more: nodes know the list by them. */
const KEPT_POSITIONS = 1_000;

interface HeadRow {
  installation: string;
  position: number;
  chain: string;
}

interface RevocationRow {
  position: number;
  chain: string | null;
  jti: string | Buffer | null;
  account_id: string | Buffer | null;
  void_before: number | null;
  expires_at: number;
  is_settled: number;
}

/** Reads the head, and looks for what is known, in one question. @param known null: nothing */
export async function readHead({ sql, ask, kind }: Database, known: Place | null): Promise<Head> {
  const asked = momentNow();
  const row = await ask(
    sql('gatehouse_revocation_head as head')
      .leftJoin('gatehouse_revocations as known', 'known.position', sql.raw('?', [known?.position ?? 0]))
      .first<HeadRow & { known_position: number | null; known_chain: string | null; time: number }>(
        'head.installation',
        'head.position',
        'head.chain',
        'known.position as known_position',
        'known.chain as known_chain',
        sql.raw(`${timeExpression(kind)} as time`),
      ),
  );
  const reading = { time: Number(row.time), asked, answered: momentNow() };
  const { installation, position, chain } = row;
  return { installation, position, chain, hasKnown: hasKnown(row, known), reading };
}

function hasKnown(row: HeadRow & { known_position: number | null; known_chain: string | null }, known: Place | null) {
  if (known === null || known.position === 0) return true;
  if (known.installation !== row.installation || known.position > row.position) return false;
  if (known.position === row.position) return known.chain === row.chain;
  return row.known_position !== null && (row.known_chain === null || row.known_chain === known.chain);
}

/** The revocations behind a position that may still void something, in order, `limit` at most. */
export async function revocationsAfter(
  { sql, ask }: Asker,
  position: number,
  { now, limit }: { now: number; limit: number },
): Promise<Revocation[]> {
  const rows = await ask(
    sql<RevocationRow>('gatehouse_revocations')
      .where('position', '>', position)
      .where('expires_at', '>', now - KEPT_BEYOND_END)
      .orderBy('position')
      .limit(limit)
      .select('*'),
  );
  return rows.map(revocationOf);
}

/** Locks the head until the commit. @returns the place that `append` goes on from */
export async function lockHead({ sql, ask }: Asker): Promise<Place> {
  const row = await ask(sql<HeadRow>('gatehouse_revocation_head').forUpdate().first());
  if (row === undefined) throw new Error('the table gatehouse_revocation_head has lost its row');
  const { installation, position, chain } = row;
  return { installation, position, chain };
}

/** @param head locked in the same transaction */
export async function append(
  { sql, ask }: Asker,
  head: Place,
  voided: readonly (Voided & { readonly expiresAt: number })[],
): Promise<Appended> {
  const revocations = voided.map((one, i) => ({ ...one, position: head.position + 1 + i, chain: randomHex(32) }));
  const last = revocations.at(-1);
  if (last !== undefined) {
    await ask(sql('gatehouse_revocations').insert(revocations.map(rowOf)));
    await ask(sql('gatehouse_revocation_head').update({ position: last.position, chain: last.chain }));
  }
  return { installation: head.installation, previous: head.chain, revocations };
}

/** Of these tokens, those that have no revocation of their own. */
export async function unrevokedOf({ sql, ask }: Asker, jtis: readonly string[]): Promise<string[]> {
  const there = await ask(
    sql<RevocationRow>('gatehouse_revocations')
      .whereIn('jti', [...jtis])
      .pluck('jti'),
  );
  const revoked = new Set(there.map(String));
  return jtis.filter((jti) => !revoked.has(jti));
}

/** The latest moment before which the tokens of each of these accounts are void; without those that have none. */
export async function cutoffsOf({ sql, ask }: Asker, accountIds: readonly string[]): Promise<Map<string, number>> {
  const rows: { account_id: string | Buffer; void_before: number }[] = await ask(
    sql('gatehouse_revocations')
      .whereIn('account_id', [...accountIds])
      .groupBy('account_id')
      .select('account_id')
      .max('void_before as void_before'),
  );
  return new Map(rows.map((row) => [String(row.account_id), Number(row.void_before)]));
}

/** Deletes entries that have voided nothing for `KEPT_BEYOND_END`. @param now of the database. @returns how many */
export async function deleteExpiredRevocations({ sql, ask }: Asker, now: number, limit: number): Promise<number> {
  const head = await ask(sql<HeadRow>('gatehouse_revocation_head').first('position'));
  const expired = await ask(
    sql<RevocationRow>('gatehouse_revocations')
      .where('expires_at', '<', now - KEPT_BEYOND_END)
      .where('position', '<=', (head?.position ?? 0) - KEPT_POSITIONS)
      .orderBy('expires_at')
      .limit(limit)
      .pluck('position'),
  );
  if (expired.length === 0) return 0;
  return await ask(sql('gatehouse_revocations').whereIn('position', expired).delete());
}

/** A voided account whose tokens are yet to be marked. */
export interface Unsettled {
  readonly position: number;
  readonly accountId: string;
  readonly voidBefore: number;
}

/** The oldest voiding of an account that is behind this position and has not been followed up. */
export async function nextUnsettled({ sql, ask }: Asker, position: number): Promise<Unsettled | null> {
  const row = await ask(
    sql<RevocationRow>('gatehouse_revocations')
      .where('is_settled', 0)
      .where('position', '>', position)
      .orderBy('position')
      .first('position', 'account_id', 'void_before'),
  );
  if (row === undefined) return null;
  return { position: row.position, accountId: String(row.account_id), voidBefore: row.void_before ?? 0 };
}

/** All tokens of this voiding have been marked. */
export async function settle({ sql, ask }: Asker, { position, accountId, voidBefore }: Unsettled): Promise<void> {
  const row = sql('gatehouse_revocations').where({ position, account_id: accountId, void_before: voidBefore });
  await ask(row.update({ is_settled: 1 }));
}

function rowOf(revocation: Revocation): RevocationRow {
  const { position, chain, expiresAt: expires_at } = revocation;
  const common = { position, chain, expires_at };
  return revocation.kind === 'token'
    ? { ...common, jti: revocation.jti, account_id: null, void_before: null, is_settled: 1 }
    : { ...common, jti: null, account_id: revocation.accountId, void_before: revocation.voidBefore, is_settled: 0 };
}

function revocationOf(row: RevocationRow): Revocation {
  const { position, chain, expires_at: expiresAt } = row;
  return row.jti === null
    ? {
        kind: 'account',
        position,
        chain,
        expiresAt,
        accountId: String(row.account_id),
        voidBefore: row.void_before ?? 0,
      }
    : { kind: 'token', position, chain, expiresAt, jti: String(row.jti) };
}
