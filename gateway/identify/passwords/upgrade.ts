import type { Account } from '../../domain/account.ts';
import type { Logger } from '../../ops/log.ts';
import type { AccountStore } from '../../stores/accounts/store.ts';
import type { HashRules } from './hashes/hash-rules.ts';
import { needsRehash } from './hashes/recognise.ts';
import type { HashingQueue } from './hashing-queue.ts';
import { hashPassword } from './password.ts';

/** Replaces weak hashes of accounts. */
export interface HashUpgrades {
  /** Whether a login with this hash replaces it. */
  isDue(hash: string): boolean;
  /** Starts the replacement in the background if it is due. @param password was just checked */
  start(account: Account, password: string): void;
}

/** For read-only accounts. */
export const noUpgrades: HashUpgrades = { isDue: () => false, start() {} };

/**
 * Replaces hashes that are weaker than the gateway's own. After a failure, the next login tries again.
 *
 * @param cost the cost of the gateway's own hashes: log2 of the number of rounds
 */
export function hashUpgrades(
  store: Pick<AccountStore, 'replaceHash'>,
  cost: number,
  rules: HashRules,
  queue: HashingQueue,
  log: Logger,
): HashUpgrades {
  const isDue = (hash: string) => needsRehash(hash, cost, rules);
  return {
    isDue,
    start({ id, passwordHash }, password) {
      if (passwordHash === null || !isDue(passwordHash)) return;
      queue
        .run(`upgrade of ${id}`, () => hashPassword(password, cost))
        .then((hash) => store.replaceHash(id, passwordHash, hash))
        .then((done) => done && log.info({ account: id }, 'password hash upgraded'))
        .catch((error: unknown) => log.debug({ err: error, account: id }, 'password hash not upgraded'));
    },
  };
}
