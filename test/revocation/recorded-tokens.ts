import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { readHead } from '../../gateway/revocation/history.ts';
import { revokeToken as revokeTokenOf } from '../../gateway/revocation/revocations.ts';
import type { Database } from '../../gateway/stores/database/connection.ts';
import { sqlTokenStore } from '../../gateway/stores/tokens/store.ts';

/** In mid-second. */
export const NOW = 1_900_000_000_500;
export const MAX_LIFETIME = 3_600_000;
export const MANY = { now: NOW, limit: 1_000 };

export function revokeToken(database: Database, jti: string, owner: string | null, now: number) {
  return revokeTokenOf(database, jti, { owner, unrecorded: null }, now);
}

export async function headPosition(database: Database): Promise<number> {
  return (await readHead(database, null)).position;
}

export function record(
  database: Database,
  {
    jti,
    accountId = '1',
    issuedAt = NOW - 60_000,
    expiresAt = NOW + 60_000,
  }: { jti: string; accountId?: string; issuedAt?: number; expiresAt?: number },
): Promise<void> {
  return sqlTokenStore(database).record({
    jti,
    accountId,
    name: null,
    issuedAt,
    expiresAt,
    bond: null,
    ...UNRESTRICTED,
  });
}
