import type { StoreState } from '../ops/store-state.ts';
import { type AccountStore, sqlAccountStore } from '../stores/accounts/store.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import type { Denylist } from './denylist.ts';
import { createVoidedMarker, type VoidedMarker } from './mark-voided.ts';
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
 * Revokes tokens and accounts. Each function resolves when the revocation is durable in the database and known to this
 * process; other nodes receive it from Redis, or read it from the database. They throw GatewayError `service_unavailable`
 * when the database is unavailable, and then nothing is revoked.
 */
export interface Revoker {
  /**
   * @param owner the account to which the token must belong; null for an operator
   * @param unrecorded claims of a token that may have no record; null: a token without one is unknown
   */
  token(jti: string, owner: string | null, unrecorded: Unrecorded | null): Promise<'revoked' | 'already' | 'unknown'>;
  /**
   * Revokes all present tokens and sessions of the account, then marks the records of the tokens. The revocation holds even
   * if marking fails, or continues in the background.
   *
   * @param batches of tokens to mark before this resolves, at most
   * @returns how many live tokens were marked; null when marking failed
   */
  account(accountId: string, batches?: number): Promise<number | null>;
  /**
   * Changes an account and revokes all its tokens in the same transaction.
   *
   * @returns the result of `change`; if it is false, nothing is revoked
   */
  changeAndRevoke(accountId: string, change: (accounts: AccountStore) => Promise<boolean>): Promise<boolean>;
  /** Changes an account, whose tokens stay valid, and makes every node look it up again. @returns the result of `change` */
  changeAndKeepTokens(accountId: string, change: (accounts: AccountStore) => Promise<boolean>): Promise<boolean>;
  readonly voidedMarker: VoidedMarker;
}

/** Milliseconds. */
export interface RevocableLives {
  readonly tokens: { readonly maxLifetime: number };
  readonly pages: { readonly session: { readonly lifetime: number } };
}

/** Where revocations go besides the database. Commands have no mirror, and some gateways no Redis. */
export interface RevocationSinks {
  readonly mirror: Mirror | null;
  readonly redis: {
    readonly denylist: Denylist;
    readonly state: StoreState;
    /** Requests a rewrite of the denylist: a revocation was not written to Redis. */
    requestRepair(): void;
  } | null;
  /** Makes the other processes of this gateway read the database at once. */
  announceRevocation(): void;
}

/** Milliseconds: a session that is renewed during the revocation may expire this much later. */
const RENEWAL = 60_000;
/** Batches of tokens that are marked before the answer: enough for most accounts. */
const IMMEDIATE_BATCHES = 2;

/** Milliseconds that the revocation of an account must be kept: the longest life of a token or session. */
export function longestLife({ tokens, pages }: RevocableLives): number {
  return Math.max(tokens.maxLifetime, pages.session.lifetime + RENEWAL);
}

/**
 * @param clock the database's clock
 * @param maxLifetime milliseconds, from `longestLife`
 */
export function createRevoker(
  database: Database,
  { mirror, redis, announceRevocation }: RevocationSinks,
  clock: Clock,
  maxLifetime: number,
): Revoker {
  const writeToRedis = async (write: (denylist: Denylist) => Promise<void>) => {
    if (redis === null) return;
    try {
      await write(redis.denylist);
    } catch (error) {
      // The revocation is durable: other nodes read it from the database, and the denylist is repaired from there.
      redis.state.down(error);
      redis.requestRepair();
    }
  };

  const publish = async (revoked: Revoked) => {
    let previous = revoked.previous;
    for (const revocation of revoked.revocations) {
      const { position, chain } = revocation;
      mirror?.apply(revocation);
      mirror?.follow({ installation: revoked.installation, position: position - 1, chain: previous }, chain);
      previous = chain;
    }
    announceRevocation();
    await writeToRedis((denylist) => denylist.publish(revoked));
  };

  const deny = async (ids: readonly DeniedId[]) => {
    // While Redis hangs, each batch would wait for its timeout.
    if (redis?.state.isUp === false) redis.requestRepair();
    else await writeToRedis((denylist) => denylist.deny(ids));
  };
  const voidedMarker = createVoidedMarker(database, clock, deny);

  const publishAndMark = async (revoked: Revoked, batches: number): Promise<number | null> => {
    await publish(revoked);
    const [account] = revoked.revocations;
    if (account?.kind !== 'account') return 0;
    try {
      return revoked.ids.length + (await voidedMarker.account(account, batches));
    } catch {
      // The tokens are revoked already; the next run of `all` marks them.
      return null;
    }
  };

  return {
    voidedMarker,
    async token(jti, owner, unrecorded) {
      const outcome = await revokeToken(database, jti, { owner, unrecorded }, clock.now());
      if (outcome.kind === 'revoked') await publish(outcome.revoked);
      return outcome.kind;
    },
    async account(accountId, batches = IMMEDIATE_BATCHES) {
      const revoked = await database.transact((runner) =>
        revokeAccount(runner, accountId, { now: clock.now(), maxLifetime }),
      );
      return await publishAndMark(revoked, batches);
    },
    async changeAndRevoke(accountId, change) {
      const revoked = await database.transact(async (runner) => {
        const changed = await change(sqlAccountStore(runner));
        return changed ? await revokeAccount(runner, accountId, { now: clock.now(), maxLifetime }) : null;
      });
      if (revoked !== null) await publishAndMark(revoked, IMMEDIATE_BATCHES);
      return revoked !== null;
    },
    async changeAndKeepTokens(accountId, change) {
      const announced = await database.transact(async (runner) => {
        const changed = await change(sqlAccountStore(runner));
        return changed ? await announceAccount(runner, accountId, clock.now()) : null;
      });
      if (announced !== null) await publish(announced);
      return announced !== null;
    },
  };
}
