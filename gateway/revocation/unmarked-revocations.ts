import type { QueryRunner } from '../stores/database/connection.ts';
import type { RevocationRow } from './history.ts';

/** The revocation of an account whose token records may not all be marked yet (`mark-voided.ts`). */
export interface UnmarkedRevocation {
  readonly position: number;
  readonly accountId: string;
  readonly voidBefore: number;
}

/** Those after this position, in order, `limit` at most. */
export async function unmarkedAfter(
  { sql, query }: QueryRunner,
  position: number,
  limit: number,
): Promise<UnmarkedRevocation[]> {
  const rows = await query(
    sql<RevocationRow>('gatehouse_revocations')
      .where('is_settled', 0)
      .where('position', '>', position)
      .orderBy('position')
      .limit(limit)
      .select('position', 'account_id', 'void_before'),
  );
  return rows.map((row) => ({
    position: row.position,
    accountId: String(row.account_id),
    voidBefore: row.void_before ?? 0,
  }));
}

/** Notes that all token records of this account are marked. */
export async function markSettled(
  { sql, query }: QueryRunner,
  { position, accountId, voidBefore }: UnmarkedRevocation,
): Promise<void> {
  const row = sql('gatehouse_revocations').where({ position, account_id: accountId, void_before: voidBefore });
  await query(row.update({ is_settled: 1 }));
}
