import { type AccountStore, sqlAccountStore } from '../accounts/store.ts';
import type { Database } from '../database/connection.ts';
import type { StoreState } from '../ops/store-state.ts';
import type { Denylist } from './denylist.ts';
import type { Mirror } from './mirror.ts';
import { type Revoked, revokeAccount, revokeToken } from './revocations.ts';

/**
 * Revokes. Each of these resolves once the revocation is durable in the database; this process knows it then, and the
 * others have heard of it, or will by reading the database. They throw GatewayError `service_unavailable` when the
 * database is out, and then nothing is done.
 */
export interface Revoker {
  /** @param owner the account that the token must belong to; null for an operator */
  token(jti: string, owner: string | null): Promise<'revoked' | 'already' | 'unknown'>;
  /** All tokens and sessions that the account has up to now. @returns how many tokens were live */
  account(accountId: string): Promise<number>;
  /**
   * Changes an account and revokes all its tokens in the same transaction.
   *
   * @returns what `change` resolves with; where that is false, nothing is revoked
   */
  withAccount(accountId: string, change: (accounts: AccountStore) => Promise<boolean>): Promise<boolean>;
}

/** Milliseconds. */
export interface RevocableLives {
  readonly tokens: { readonly maxLifetime: number };
  readonly pages: { readonly session: { readonly lifetime: number } };
}

/** The places that hear of a revocation beside the database. Commands have no mirror, and some gateways no Redis. */
export interface Hearers {
  readonly mirror: Mirror | null;
  readonly redis: {
    readonly denylist: Denylist;
    readonly state: StoreState;
    /** A revocation did not come into Redis. */
    lost(): void;
  } | null;
  /** The other processes of this gateway, which then read the database at once. */
  tellSiblings(): void;
}

/** How much longer, in ms, a session may live that was renewed while all of them were ended. */
const RENEWAL = 60_000;

/** Milliseconds that the revocation of an account must be known: it voids tokens, and sessions, which may live longer. */
export function longestLife({ tokens, pages }: RevocableLives): number {
  return Math.max(tokens.maxLifetime, pages.session.lifetime + RENEWAL);
}

/** @param maxLifetime milliseconds that a token or a session can live at the most: see `longestLife` */
export function createRevoker(
  database: Database,
  { mirror, redis, tellSiblings }: Hearers,
  maxLifetime: number,
): Revoker {
  const tell = async (revoked: Revoked) => {
    for (const revocation of revoked.revocations) mirror?.apply(revocation);
    tellSiblings();
    if (redis === null) return;
    try {
      await redis.denylist.publish(revoked);
    } catch (error) {
      // It is revoked all the same: the others read it in the database, and the denylist is mended from there.
      redis.state.down(error);
      redis.lost();
    }
  };

  return {
    async token(jti, owner) {
      const outcome = await revokeToken(database, jti, owner, Date.now());
      if (outcome.kind === 'revoked') await tell(outcome);
      return outcome.kind;
    },
    async account(accountId) {
      const revoked = await database.transact((asker) =>
        revokeAccount(asker, accountId, { now: Date.now(), maxLifetime }),
      );
      await tell(revoked);
      return revoked.ids.length;
    },
    async withAccount(accountId, change) {
      const revoked = await database.transact(async (asker) => {
        const changed = await change(sqlAccountStore(asker));
        return changed ? await revokeAccount(asker, accountId, { now: Date.now(), maxLifetime }) : null;
      });
      if (revoked !== null) await tell(revoked);
      return revoked !== null;
    },
  };
}
