import type { CutoffOf } from '../domain/identity.ts';
import type { Place, Revocation } from './history.ts';
import type { DeniedId } from './revocations.ts';
import { createRevokedIds } from './revoked-ids.ts';

/** What this process knows of the revocations, in memory, and as of when that is all there is to know. */
export interface Mirror {
  /** The point in the history up to which nothing is missing; null: nothing has been read. */
  readonly place: Place | null;
  /** How many token ids it holds. */
  readonly size: number;
  /** Takes one in, in whatever order; once more does no harm. Does not move `place`. */
  apply(revocation: Revocation): void;
  /** Every revocation up to this place has been applied. */
  advance(place: Place): void;
  /** One has been applied that follows on the place `previous`. @returns whether that is where the mirror stood */
  follow(previous: Place, chain: string): boolean;
  /** At the moment `asOf`, of `performance.now()`, there was none beyond what has been applied. */
  confirm(asOf: number): void;
  /** Whether the token was revoked by its id. */
  isDenied(jti: string): boolean;
  /** Milliseconds since the moment that it is known to be complete for. */
  age(): number;
  readonly cutoffOf: CutoffOf;
  /** The tokens that were revoked by ids of the form that the gateway gives out. Those that come meanwhile may be missing. */
  tokens(): Iterable<DeniedId>;
  /** The accounts whose tokens were voided. */
  accounts(): Iterable<Cutoff & { readonly accountId: string }>;
  /** Forgets what voided nothing any more at that moment. @param then milliseconds since 1970 */
  sweep(then: number): void;
  /** The history is another one: what is known stays denied, and everything is read again from the start. */
  restart(): void;
}

interface Cutoff {
  readonly voidBefore: number;
  readonly expiresAt: number;
}

/** @param onAccount hears of each account whose tokens were voided: it may have changed, too */
export function createMirror(onAccount: (accountId: string) => void): Mirror {
  const ids = createRevokedIds();
  const cutoffs = new Map<string, Cutoff>();
  let place: Place | null = null;
  let knownAsOf = Number.NEGATIVE_INFINITY;

  return {
    get place() {
      return place;
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
      if (place === null || upTo.position > place.position) place = upTo;
    },
    follow({ installation, position, chain }, next) {
      if (place?.position !== position || place.chain !== chain || place.installation !== installation) return false;
      place = { installation, position: position + 1, chain: next };
      return true;
    },
    confirm(asOf) {
      knownAsOf = Math.max(knownAsOf, asOf);
    },
    isDenied: ids.has,
    age: () => performance.now() - knownAsOf,
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
      place = null;
    },
  };
}
