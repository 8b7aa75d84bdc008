import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import { nextUnsettled, settle, type Unsettled } from './history.ts';
import { type DeniedId, markRevoked, unmarkedTokens } from './revocations.ts';

/** Tokens marked in one step, which takes some 20 ms. */
const PIECE = 500;

/**
 * Marks the tokens of voided accounts as revoked in their records, and adds them to the denylist for other programs. The
 * tokens are void already; marking may take long, and any process continues what a killed one has left.
 *
 * Both throw GatewayError `service_unavailable` when the database is out; marks made before stay.
 */
export interface VoidedMarker {
  /** @param pieces most steps; `all` does the rest. @returns how many of the marked tokens had not expired */
  account(account: Unsettled, pieces: number): Promise<number>;
  /** Marks what any process has left. */
  all(): Promise<void>;
}

/** @param deny adds ids to the denylist; never rejects */
export function createVoidedMarker(
  database: Database,
  clock: Clock,
  deny: (ids: readonly DeniedId[]) => Promise<void>,
): VoidedMarker {
  const markAccount = async (account: Unsettled, pieces: number): Promise<number> => {
    let live = 0;
    for (let left = pieces; left > 0; left--) {
      const now = clock.now();
      const tokens = await unmarkedTokens(database, { ...account, limit: PIECE });
      const jtis = tokens.map(({ jti }) => jti);
      await deny(tokens);
      if (jtis.length > 0) await markRevoked(database, jtis, now);
      live += tokens.filter(({ expiresAt }) => expiresAt > now).length;
      if (tokens.length < PIECE) {
        await settle(database, account);
        break;
      }
    }
    return live;
  };

  return {
    account: markAccount,
    async all() {
      for (let account = await nextUnsettled(database, 0); account !== null; ) {
        await markAccount(account, Number.POSITIVE_INFINITY);
        account = await nextUnsettled(database, account.position);
      }
    },
  };
}
