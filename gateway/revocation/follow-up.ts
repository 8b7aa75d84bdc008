import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import { nextUnsettled, settle, type Unsettled } from './history.ts';
import { type DeniedId, markRevoked, unmarkedTokens } from './revocations.ts';

/** Tokens that are marked in one step: it takes some 20 ms, and holds nobody up. */
const PIECE = 500;

/**
 * What is done once an account has been voided: its tokens are marked as revoked in their records, and put on the denylist
 * for other programs, one piece after another. What a process that was killed left undone, the next one does.
 *
 * All of it throws GatewayError `service_unavailable` when the database is out; what is done is done.
 */
export interface FollowUp {
  /** @param pieces that are done at the most; the rest is left to `all`. @returns how many of the tokens had not expired */
  of(account: Unsettled, pieces: number): Promise<number>;
  /** Whatever is left, by whichever process. */
  all(): Promise<void>;
}

/** @param deny puts ids on the denylist; does not reject */
export function followUp(
  database: Database,
  clock: Clock,
  deny: (ids: readonly DeniedId[]) => Promise<void>,
): FollowUp {
  const of = async (account: Unsettled, pieces: number): Promise<number> => {
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
    of,
    async all() {
      for (let account = await nextUnsettled(database, 0); account !== null; ) {
        await of(account, Number.POSITIVE_INFINITY);
        account = await nextUnsettled(database, account.position);
      }
    },
  };
}
