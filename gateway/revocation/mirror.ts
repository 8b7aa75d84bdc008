import { storeUnavailable } from '../domain/errors.ts';
import type { CutoffOf } from '../domain/identity.ts';
import type { LogPosition, Revocation } from './history.ts';
import type { DeniedId } from './revocations.ts';
import { createRevokedIds } from './revoked-ids.ts';

/** A copy of all revocations in the memory of this process, and the time when it was last complete. */
export interface Mirror {
  /** The position in the history up to which the mirror is complete; null: nothing has been read. */
  readonly completeTo: LogPosition | null;
  /** The installation that was read last, also while `completeTo` is null. */
  readonly installation: string | null;
  /** Number of token ids. */
  readonly size: number;
  /** Adds a revocation; idempotent, and in any order. Does not move `completeTo`. */
  apply(revocation: Revocation): void;
  /** Moves `completeTo`: every revocation up to there has been applied. */
  advance(upTo: LogPosition): void;
  /** Moves `completeTo` by the one revocation that follows `previous`. @returns false when the mirror is at another position */
  follow(previous: LogPosition, chain: string): boolean;
  /** Notes that the mirror was complete at the moment `asOf` of `performance.now()`. */
  confirm(asOf: number): void;
  /** Whether the token was revoked by id. */
  isDenied(jti: string): boolean;
  /** Milliseconds since the mirror was last known to be complete. */
  age(): number;
  /**
   * Called for each request with a token.
   *
   * @throws GatewayError `service_unavailable` when `age` exceeds `maxStaleness` milliseconds: database and Redis are both out
   */
  requireFresh(maxStaleness: number): void;
  readonly cutoffOf: CutoffOf;
  /** The tokens revoked by id whose ids are UUIDs. Ids added during the iteration may be missing. */
  tokens(): Iterable<DeniedId>;
  /** The accounts whose tokens were voided. */
  accounts(): Iterable<Cutoff & { readonly accountId: string }>;
  /** Drops the revocations that have expired at `then`. @param then milliseconds since 1970 */
  sweep(then: number): void;
  /** Resets `completeTo` after the history was rewritten, so that it is read from the start. Known revocations stay. */
  restart(): void;
}

interface Cutoff {
  readonly voidBefore: number;
  readonly expiresAt: number;
}

/** @param onAccount called for each account whose tokens were voided, since the account may have changed too */
export function createMirror(onAccount: (accountId: string) => void): Mirror {
  const ids = createRevokedIds();
  const cutoffs = new Map<string, Cutoff>();
  let completeTo: LogPosition | null = null;
  let installation: string | null = null;
  let knownAsOf = Number.NEGATIVE_INFINITY;
  const age = () => performance.now() - knownAsOf;

  return {
    get completeTo() {
      return completeTo;
    },
    get installation() {
      return installation;
    },
    get size() {
      return ids.size;
    },
    apply(revocation) {
      if (revocation.kind === 'token') {
        ids.add(revocation.jti, Math.ceil(revocation.expiresAt / 1000));
        return;
      }
      const { accountId, voidBefore, expiresAt } = revocation;
      const known = cutoffs.get(accountId);
      if (known === undefined || known.voidBefore < voidBefore) cutoffs.set(accountId, { voidBefore, expiresAt });
      onAccount(accountId);
    },
    advance(upTo) {
      installation = upTo.installation;
      if (completeTo === null || upTo.position > completeTo.position) completeTo = upTo;
    },
    follow(previous, next) {
      const { position, chain } = previous;
      if (completeTo?.position !== position || completeTo.chain !== chain) return false;
      if (completeTo.installation !== previous.installation) return false;
      completeTo = { ...completeTo, position: position + 1, chain: next };
      return true;
    },
    confirm(asOf) {
      knownAsOf = Math.max(knownAsOf, asOf);
    },
    isDenied: ids.has,
    age,
    requireFresh(maxStaleness) {
      const ms = age();
      if (ms > maxStaleness)
        throw storeUnavailable('database', new Error(`revocations unknown for ${Math.round(ms)} ms`));
    },
    cutoffOf: (accountId) => cutoffs.get(accountId)?.voidBefore ?? 0,
    *tokens() {
      for (const { jti, expiresAt } of ids.uuids()) yield { jti, expiresAt: expiresAt * 1000 };
    },
    *accounts() {
      for (const [accountId, cutoff] of cutoffs) yield { accountId, ...cutoff };
    },
    sweep(then) {
      ids.sweep(Math.floor(then / 1000));
      for (const [accountId, { expiresAt }] of cutoffs) if (expiresAt <= then) cutoffs.delete(accountId);
    },
    restart() {
      completeTo = null;
    },
  };
}
