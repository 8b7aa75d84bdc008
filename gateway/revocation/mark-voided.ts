import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import { type DeniedId, markRevoked, unmarkedTokens } from './revocations.ts';
import { markSettled, type UnmarkedRevocation, unmarkedAfter } from './unmarked-revocations.ts';

/** Tokens marked in one batch, which takes some 20 ms. */
const BATCH = 500;
/** Revocations that are read at a time. */
const PAGE_SIZE = 500;
/**
 * Milliseconds after its cutoff that an account is looked at once more: an issue of a token that had read the cutoff before may
 * record it after the others were marked.
 */
const LATE = 30_000;

/**
 * Marks the records of tokens that the revocation of an account has voided, and adds these tokens to the denylist for other
 * programs. The gateway rejects the tokens already. Marking may take long; if a process dies, another one continues.
 *
 * Both methods throw GatewayError `service_unavailable` when the database is unavailable; earlier marks stay.
 */
export interface VoidedMarker {
  /** @param batches at most; `all` does the rest @returns how many of the marked tokens had not expired */
  account(account: UnmarkedRevocation, batches: number): Promise<number>;
  /** Marks all remaining tokens, also those that other processes have left. */
  all(): Promise<void>;
}

/** @param deny adds ids to the denylist; never rejects */
export function createVoidedMarker(
  database: Database,
  clock: Clock,
  deny: (ids: readonly DeniedId[]) => Promise<void>,
): VoidedMarker {
  /** When accounts whose tokens are all marked are looked at again. */
  const again = new Map<string, number>();

  const markAccount = async (account: UnmarkedRevocation, batches: number): Promise<number> => {
    let live = 0;
    for (let left = batches; left > 0; left--) {
      const now = clock.now();
      const tokens = await unmarkedTokens(database, { ...account, limit: BATCH });
      const jtis = tokens.map(({ jti }) => jti);
      await deny(tokens);
      if (jtis.length > 0) await markRevoked(database, jtis, now);
      live += tokens.filter(({ expiresAt }) => expiresAt > now).length;
      if (tokens.length < BATCH) {
        const due = account.voidBefore + LATE;
        if (now < due) again.set(keyOf(account), due);
        else await markSettled(database, account);
        break;
      }
    }
    return live;
  };

  return {
    account: markAccount,
    async all() {
      const now = clock.now();
      for (const [key, due] of again) if (due <= now) again.delete(key);
      for (let last = 0, isMore = true; isMore; ) {
        const page = await unmarkedAfter(database, last, PAGE_SIZE);
        for (const account of page) {
          if (!again.has(keyOf(account))) await markAccount(account, Number.POSITIVE_INFINITY);
        }
        last = page.at(-1)?.position ?? last;
        isMore = page.length === PAGE_SIZE;
      }
    },
  };
}

/** After a failover, another revocation may have the position. */
function keyOf({ position, accountId, voidBefore }: UnmarkedRevocation): string {
  return `${position} ${voidBefore} ${accountId}`;
}
