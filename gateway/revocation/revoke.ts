import type { StoreState } from '../ops/store-state.ts';
import { type AccountStore, sqlAccountStore } from '../stores/accounts/store.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import type { Denylist } from './denylist.ts';
import { type FollowUp, followUp } from './follow-up.ts';
import type { Mirror } from './mirror.ts';
import {
  announceAccount,
  type DeniedId,
  type Revoked,
  revokeAccount,
  revokeToken,
  type Unrecorded,
} from './revocations.ts';

/**
 * Revokes. Each of these resolves once the revocation is durable in the database; this process knows it then, and the
 * others have heard of it, or will by reading the database. They throw GatewayError `service_unavailable` when the
 * database is out, and then nothing is done.
 */
export interface Revoker {
  /**
   * @param owner the account that the token must belong to; null for an operator
   * @param unrecorded what is known of a token that may have no record; null: without one it is unknown
   */
  token(jti: string, owner: string | null, unrecorded: Unrecorded | null): Promise<'revoked' | 'already' | 'unknown'>;
  /**
   * All tokens and sessions that the account has up to now, however many. Then their records are marked, which may fail or
   * be left to be done.
   *
   * @param pieces of the records that are marked at the most, before this resolves
   * @returns how many tokens that were live have been marked; null where that failed
   */
  account(accountId: string, pieces?: number): Promise<number | null>;
  /**
   * Changes an account and revokes all its tokens in the same transaction.
   *
   * @returns what `change` resolves with; where that is false, nothing is revoked
   */
  changeAndRevoke(accountId: string, change: (accounts: AccountStore) => Promise<boolean>): Promise<boolean>;
  /** Changes an account whose tokens go on; every node hears of it as of a revocation. @returns what `change` resolves with */
  changeAndKeepTokens(accountId: string, change: (accounts: AccountStore) => Promise<boolean>): Promise<boolean>;
  /** Marks the records of tokens whose accounts have been voided, by whichever process. */
  readonly followUp: FollowUp;
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
/** Pieces of the follow-up that are done before the answer: all of it for most accounts. */
const PIECES_AT_ONCE = 2;

/** Milliseconds that the revocation of an account must be known: it voids tokens, and sessions, which may live longer. */
export function longestLife({ tokens, pages }: RevocableLives): number {
  return Math.max(tokens.maxLifetime, pages.session.lifetime + RENEWAL);
}

/**
 * @param clock the database's
 * @param maxLifetime milliseconds that a token or a session can live at the most: see `longestLife`
 */
export function createRevoker(
  database: Database,
  { mirror, redis, tellSiblings }: Hearers,
  clock: Clock,
  maxLifetime: number,
): Revoker {
  const inRedis = async (write: (denylist: Denylist) => Promise<void>) => {
    if (redis === null) return;
    try {
      await write(redis.denylist);
    } catch (error) {
      // It is revoked all the same: the others read it in the database, and the denylist is mended from there.
      redis.state.down(error);
      redis.lost();
    }
  };

  const tell = async (revoked: Revoked) => {
    let previous = revoked.previous;
    for (const revocation of revoked.revocations) {
      const { position, chain } = revocation;
      mirror?.apply(revocation);
      mirror?.follow({ installation: revoked.installation, position: position - 1, chain: previous }, chain);
      previous = chain;
    }
    tellSiblings();
    await inRedis((denylist) => denylist.publish(revoked));
  };

  const deny = async (ids: readonly DeniedId[]) => {
    // While Redis hangs, each piece would wait for its timeout.
    if (redis?.state.isUp === false) redis.lost();
    else await inRedis((denylist) => denylist.deny(ids));
  };
  const followedUp = followUp(database, clock, deny);

  const tellOfAccount = async (revoked: Revoked, pieces: number): Promise<number | null> => {
    await tell(revoked);
    const [account] = revoked.revocations;
    if (account?.kind !== 'account') return 0;
    try {
      return revoked.ids.length + (await followedUp.of(account, pieces));
    } catch {
      // They are void already: the next process that looks marks them.
      return null;
    }
  };

  return {
    followUp: followedUp,
    async token(jti, owner, unrecorded) {
      const outcome = await revokeToken(database, jti, { owner, unrecorded }, clock.now());
      if (outcome.kind === 'revoked') await tell(outcome.revoked);
      return outcome.kind;
    },
    async account(accountId, pieces = PIECES_AT_ONCE) {
      const revoked = await database.transact((asker) =>
        revokeAccount(asker, accountId, { now: clock.now(), maxLifetime }),
      );
      return await tellOfAccount(revoked, pieces);
    },
    async changeAndRevoke(accountId, change) {
      const revoked = await database.transact(async (asker) => {
        const changed = await change(sqlAccountStore(asker));
        return changed ? await revokeAccount(asker, accountId, { now: clock.now(), maxLifetime }) : null;
      });
      if (revoked !== null) await tellOfAccount(revoked, PIECES_AT_ONCE);
      return revoked !== null;
    },
    async changeAndKeepTokens(accountId, change) {
      const announced = await database.transact(async (asker) => {
        const changed = await change(sqlAccountStore(asker));
        return changed ? await announceAccount(asker, accountId, clock.now()) : null;
      });
      if (announced !== null) await tell(announced);
      return announced !== null;
    },
  };
}
