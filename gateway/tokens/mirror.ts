import type { Revocation } from './revocations.ts';
import { createRevokedIds } from './revoked-ids.ts';

/** What this process knows of the revocations, in memory, and as of when that is all there is to know. */
export interface Mirror {
  /** The last position up to which nothing is missing. */
  readonly position: number;
  /** How many token ids it holds. */
  readonly size: number;
  /** Takes one in, in whatever order; once more does no harm. Does not move `position`. */
  apply(revocation: Revocation): void;
  /** Every revocation up to this position has been applied. */
  advance(position: number): void;
  /** At the moment `asOf`, of `performance.now()`, there was none beyond what has been applied. */
  confirm(asOf: number): void;
  /** Whether the token was revoked by its id. */
  isDenied(jti: string): boolean;
  /** Milliseconds since the moment that it is known to be complete for. */
  age(): number;
  /** The moment, in ms since 1970, before which the account's tokens are void; 0 where there is none. */
  voidBefore(accountId: string): number;
  /** Forgets what voids nothing any more. @param now milliseconds since 1970 */
  sweep(now: number): void;
  /** The database has gone back in time: what is known stays denied, and everything is read again from the start. */
  restart(): void;
}

/** @param onAccount hears of each account whose tokens were voided: it may have changed, too */
export function createMirror(onAccount: (accountId: string) => void): Mirror {
  const ids = createRevokedIds();
  const cutoffs = new Map<string, { voidBefore: number; expiresAt: number }>();
  let position = 0;
  let knownAsOf = Number.NEGATIVE_INFINITY;

  return {
    get position() {
      return position;
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
      position = Math.max(position, upTo);
    },
    confirm(asOf) {
      knownAsOf = Math.max(knownAsOf, asOf);
    },
    isDenied: ids.has,
    age: () => performance.now() - knownAsOf,
    voidBefore: (accountId) => cutoffs.get(accountId)?.voidBefore ?? 0,
    sweep(now) {
      ids.sweep(Math.floor(now / 1000));
      for (const [accountId, { expiresAt }] of cutoffs) if (expiresAt <= now) cutoffs.delete(accountId);
    },
    restart() {
      position = 0;
    },
  };
}
