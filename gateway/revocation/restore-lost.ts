import type { Logger } from '../ops/log.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { Database, QueryRunner } from '../stores/database/connection.ts';
import type { Denylist } from './denylist.ts';
import { append, cutoffsOf, lockHead, type Revocation, unrevokedOf, type Voided } from './history.ts';
import type { Mirror } from './mirror.ts';
import { markRevoked } from './revocations.ts';

/** Revocations that are looked up and restored in one transaction. */
const BATCH = 500;

type Known = Voided & { readonly expiresAt: number };

/** Restores revocations that the database has lost in a failover to a lagging replica, or a restore from a backup. */
export interface LostRevocations {
  /** Notes that the database lacks revocations that this process knows. */
  note(): void;
  /** Restores them if a loss was noted. Throws as `restoreFrom` does; the next call tries again. */
  restore(): Promise<void>;
  /**
   * If the database lacks revocations that are in the Redis stream, as after a restore while no node ran, applies them to the
   * mirror and notes the loss. Rejects when Redis or the database is unavailable.
   */
  recall(denylist: Denylist, installation: string): Promise<void>;
}

export function createLostRevocations(database: Database, mirror: Mirror, clock: Clock, log: Logger): LostRevocations {
  let isLost = false;
  const note = () => {
    isLost = true;
  };
  return {
    note,
    async restore() {
      if (!isLost) return;
      isLost = false;
      try {
        const count = await restoreFrom(database, mirror, clock.now());
        log.info({ count }, 'the lost revocations are in the database again');
      } catch (error) {
        isLost = true;
        throw error;
      }
    },
    async recall(denylist, installation) {
      // Every entry, not only the newest: nodes may have revoked something since the restore, before Redis was back.
      const published = (await denylist.published(installation)).filter(({ expiresAt }) => expiresAt > clock.now());
      const lost: Revocation[] = [];
      for (let from = 0; from < published.length; from += BATCH) {
        lost.push(...(await missingIn(database, published.slice(from, from + BATCH))));
      }
      if (lost.length === 0) return;
      for (const revocation of lost) mirror.apply(revocation);
      log.warn({ count: lost.length }, 'the database lacks revocations that Redis has: restoring them');
      note();
    },
  };
}

/**
 * Inserts the revocations of the mirror that the database lacks. Idempotent; several processes may run it at the same time.
 *
 * @param now by the database's clock
 * @returns how many were missing in the database
 * @throws GatewayError `service_unavailable` when the database is unavailable
 */
export async function restoreFrom(database: Database, mirror: Mirror, now: number): Promise<number> {
  let count = 0;
  let batch: Known[] = [];
  const flush = async () => {
    count += await restoreBatch(database, batch, now);
    batch = [];
  };
  for (const known of live(mirror, now)) {
    batch.push(known);
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return count;
}

function* live(mirror: Mirror, now: number): Generator<Known> {
  for (const { jti, expiresAt } of mirror.tokens()) if (expiresAt > now) yield { kind: 'token', jti, expiresAt };
  for (const account of mirror.accounts()) if (account.expiresAt > now) yield { kind: 'account', ...account };
}

async function restoreBatch(database: Database, batch: readonly Known[], now: number): Promise<number> {
  // Checks without the lock first: usually nothing is missing.
  if ((await missingIn(database, batch)).length === 0) return 0;
  return await database.transact(async (runner) => {
    const head = await lockHead(runner);
    // Checks again with the lock: another process may have restored them.
    const missing = await missingIn(runner, batch);
    await append(runner, head, missing);
    const tokens = missing.flatMap((one) => (one.kind === 'token' ? [one.jti] : []));
    if (tokens.length > 0) await markRevoked(runner, tokens, now);
    return missing.length;
  });
}

/** @returns those that are not in the database, also not as a later revocation of the account */
async function missingIn<T extends Voided>(runner: QueryRunner, batch: readonly T[]): Promise<T[]> {
  const jtis = batch.flatMap((one) => (one.kind === 'token' ? [one.jti] : []));
  const accounts = batch.flatMap((one) => (one.kind === 'account' ? [one.accountId] : []));
  const lost = new Set(await unrevokedOf(runner, jtis));
  const cutoffs = await cutoffsOf(runner, accounts);
  return batch.filter((one) =>
    one.kind === 'token' ? lost.has(one.jti) : one.voidBefore > (cutoffs.get(one.accountId) ?? 0),
  );
}
