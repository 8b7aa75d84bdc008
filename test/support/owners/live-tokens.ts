import type { Database } from '../../../gateway/stores/database/connection.ts';
import { type Acceptance, type LiveToken, sqlTokenStore } from '../../../gateway/stores/tokens/store.ts';

/** Conditions that accept every unexpired, unrevoked token of the account, unless it has another bond. */
export function accepting(accountId: string, now: number, more: Partial<Acceptance> = {}): Acceptance {
  const any = { boundTo: '', keyIds: null, voidBefore: 0, maxLifetime: Number.MAX_SAFE_INTEGER };
  return { accountId, now, ...any, ...more };
}

/** All accepted tokens, oldest first. */
export function liveTokensOf(database: Database, accountId: string, now: number): Promise<LiveToken[]> {
  const section = { order: 'oldest first', after: null, limit: 1_000 } as const;
  return sqlTokenStore(database).listLive(accepting(accountId, now), section);
}
