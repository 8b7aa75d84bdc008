import { randomHex } from '../http/random-hex.ts';
import { type ClockReading, KEPT_BEYOND_END, momentNow, timeExpression } from '../stores/database/clock.ts';
import type { Database, QueryRunner } from '../stores/database/connection.ts';

/**
 * The list of revocations in the database: an append-only log, and the authority on what is revoked.
 *
 * **Order.** Positions are 1, 2, 3, …. To append, a transaction locks the single row of the head table and increments its
 * position. So positions become visible in order, and a reader that has seen position 7 has seen 1 to 7.
 *
 * **Detecting a rewritten history.** A failover to a lagging replica, or a restore from a backup, loses the end of the log, and
 * the lost positions are then assigned again. To detect this, each revocation has a random `chain` value, and the head has
 * that of the newest. A node that has read up to position 7 with chain `a1` compares one row: if position 7 still has chain
 * `a1`, everything before it is unchanged too. If not, the node reads the log again from the start, keeps all revocations it
 * knew, and inserts the missing ones again (`restore-lost.ts`).
 *
 * **Delivery.** Nodes read the log twice a second (`catch-up.ts`), and receive each entry at once from the Redis stream
 * (`feed.ts`). Without Redis, PostgreSQL tells them when to read (`notices.ts`). A stream entry carries its own chain and the
 * one before, so that the node can tell whether it directly follows what it has (`entry-tracker.ts`).
 *
 * **Installations.** `installation` is a random id of the database. Stream entries with another id are ignored.
 */

/** A position in the log of one installation: everything up to `position`, whose revocation has this `chain`. */
export interface LogPosition {
  readonly installation: string;
  /** In commit order, from 1. 0: nothing has been revoked. */
  readonly position: number;
  readonly chain: string;
}

/** One entry of the list of revocations. Times are milliseconds since 1970. */
export type Revocation = {
  readonly position: number;
  /** null: written by a release without chains. */
  readonly chain: string | null;
  /** When every token that it revokes has expired. */
  readonly expiresAt: number;
} & Voided;

/** The subject of a revocation: one token, or all tokens of an account issued before `voidBefore`. */
export type Voided =
  | { readonly kind: 'token'; readonly jti: string }
  | { readonly kind: 'account'; readonly accountId: string; readonly voidBefore: number };

/** The head of the log, and whether it still contains a known position. */
export interface Head extends LogPosition {
  readonly hasKnown: boolean;
  /** The time of the reading. */
  readonly reading: ClockReading;
}

/** Revocations that one transaction appended, in order. */
export interface Appended {
  readonly installation: string;
  /** The chain of the revocation before the first of these. */
  readonly previous: string;
  readonly revocations: readonly (Revocation & { readonly chain: string })[];
}

/** The newest rows are kept even if expired, because nodes compare their chains. */
const KEPT_POSITIONS = 1_000;

interface HeadRow {
  installation: string;
  position: number;
  chain: string;
}

/** A row of `gatehouse_revocations`. */
export interface RevocationRow {
  position: number;
  chain: string | null;
  jti: string | Buffer | null;
  account_id: string | Buffer | null;
  void_before: number | null;
  expires_at: number;
  is_settled: number;
}

/** Reads the head and the known position in one query. @param known null: none */
export async function readHead({ sql, query, kind }: Database, known: LogPosition | null): Promise<Head> {
  const asked = momentNow();
  const row = await query(
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

function hasKnown(
  row: HeadRow & { known_position: number | null; known_chain: string | null },
  known: LogPosition | null,
) {
  if (known === null || known.position === 0) return true;
  if (known.installation !== row.installation || known.position > row.position) return false;
  if (known.position === row.position) return known.chain === row.chain;
  return row.known_position !== null && (row.known_chain === null || row.known_chain === known.chain);
}

/** The unexpired revocations after a position, in order, `limit` at most. */
export async function revocationsAfter(
  { sql, query }: QueryRunner,
  position: number,
  { now, limit }: { now: number; limit: number },
): Promise<Revocation[]> {
  const rows = await query(
    sql<RevocationRow>('gatehouse_revocations')
      .where('position', '>', position)
      .where('expires_at', '>', now - KEPT_BEYOND_END)
      .orderBy('position')
      .limit(limit)
      .select('*'),
  );
  return rows.map(revocationOf);
}

/** Locks the head until the commit. @returns the position after which `append` adds */
export async function lockHead({ sql, query }: QueryRunner): Promise<LogPosition> {
  const row = await query(sql<HeadRow>('gatehouse_revocation_head').forUpdate().first());
  if (row === undefined) throw new Error('the table gatehouse_revocation_head has lost its row');
  const { installation, position, chain } = row;
  return { installation, position, chain };
}

/** The channel of PostgreSQL's notices; they stay within one database. Another schema's are harmless (`notices.ts`). */
export const NOTICES = 'gatehouse_revocations';

/** @param head locked in the same transaction */
export async function append(
  { kind, sql, query }: QueryRunner,
  head: LogPosition,
  voided: readonly (Voided & { readonly expiresAt: number })[],
): Promise<Appended> {
  const revocations = voided.map((one, i) => ({ ...one, position: head.position + 1 + i, chain: randomHex(32) }));
  const last = revocations.at(-1);
  if (last !== undefined) {
    await query(sql('gatehouse_revocations').insert(revocations.map(rowOf)));
    const moved = sql('gatehouse_revocation_head').update({ position: last.position, chain: last.chain });
    // The server sends the notice at the commit.
    const notice = sql.raw('pg_notify(?, ?)', [NOTICES, String(last.position)]);
    await query<unknown>(kind === 'postgres' ? moved.returning(notice) : moved);
  }
  return { installation: head.installation, previous: head.chain, revocations };
}

/** @returns the tokens among these that have not been revoked by id */
export async function unrevokedOf({ sql, query }: QueryRunner, jtis: readonly string[]): Promise<string[]> {
  const there = await query(
    sql<RevocationRow>('gatehouse_revocations')
      .whereIn('jti', [...jtis])
      .pluck('jti'),
  );
  const revoked = new Set(there.map(String));
  return jtis.filter((jti) => !revoked.has(jti));
}

/** @returns the latest cutoff of each of these accounts; accounts without one are absent */
export async function cutoffsOf(
  { sql, query }: QueryRunner,
  accountIds: readonly string[],
): Promise<Map<string, number>> {
  const rows: { account_id: string | Buffer; void_before: number }[] = await query(
    sql('gatehouse_revocations')
      .whereIn('account_id', [...accountIds])
      .groupBy('account_id')
      .select('account_id')
      .max('void_before as void_before'),
  );
  return new Map(rows.map((row) => [String(row.account_id), Number(row.void_before)]));
}

/** Deletes revocations that expired `KEPT_BEYOND_END` ago. @param now by the database's clock @returns how many it deleted */
export async function deleteExpiredRevocations(
  { sql, query }: QueryRunner,
  now: number,
  limit: number,
): Promise<number> {
  const head = await query(sql<HeadRow>('gatehouse_revocation_head').first('position'));
  const expired = await query(
    sql<RevocationRow>('gatehouse_revocations')
      .where('expires_at', '<', now - KEPT_BEYOND_END)
      .where('position', '<=', (head?.position ?? 0) - KEPT_POSITIONS)
      .orderBy('expires_at')
      .limit(limit)
      .pluck('position'),
  );
  if (expired.length === 0) return 0;
  return await query(sql('gatehouse_revocations').whereIn('position', expired).delete());
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
