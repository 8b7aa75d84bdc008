import type { Logger } from '../ops/log.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { Database, QueryRunner } from '../stores/database/connection.ts';
import type { Denylist } from './denylist.ts';
import { append, cutoffsOf, lockHead, readHead, unrevokedOf, type Voided } from './history.ts';
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
   * If the database lacks the newest entry of the Redis stream, as after a restore while no node ran, applies all entries of
   * the stream to the mirror and notes the loss. Rejects when Redis or the database is unavailable.
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
      const newest = await denylist.newest(installation);
      if (newest === null || (await readHead(database, newest)).hasKnown) return;
      const revocations = await denylist.published(installation);
      for (const revocation of revocations) mirror.apply(revocation);
      log.warn({ count: revocations.length }, 'the database lacks revocations that Redis has: restoring them');
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
  const jtis = batch.flatMap((one) => (one.kind === 'token' ? [one.jti] : []));
  const accounts = batch.flatMap((one) => (one.kind === 'account' ? [one.accountId] : []));
  const missingIn = async (runner: QueryRunner): Promise<Known[]> => {
    const lost = new Set(await unrevokedOf(runner, jtis));
    const cutoffs = await cutoffsOf(runner, accounts);
    return batch.filter((one) =>
      one.kind === 'token' ? lost.has(one.jti) : one.voidBefore > (cutoffs.get(one.accountId) ?? 0),
    );
  };
  // Checks without the lock first: usually nothing is missing.
  if ((await missingIn(database)).length === 0) return 0;
  return await database.transact(async (runner) => {
    const head = await lockHead(runner);
    // Checks again with the lock: another process may have restored them.
    const missing = await missingIn(runner);
    await append(runner, head, missing);
    const tokens = missing.flatMap((one) => (one.kind === 'token' ? [one.jti] : []));
    if (tokens.length > 0) await markRevoked(runner, tokens, now);
    return missing.length;
  });
}
