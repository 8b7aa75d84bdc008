import type { Account } from '../../domain/account.ts';
import type { Logger } from '../../ops/log.ts';
import type { AccountStore } from '../../stores/accounts/store.ts';
import { needsRehash } from './hashes/recognise.ts';
import type { HashingQueue } from './hashing-queue.ts';
import { hashPassword } from './password.ts';

/**
 * Replaces the hash of a password that was just checked by bcrypt, where it is weaker than the gateway's own. Runs in the
 * background; after a failure, the next login tries again.
 *
 * @param cost of the gateway's own hashes: log2 of the number of rounds
 */
export function hashUpgrade(store: Pick<AccountStore, 'replaceHash'>, cost: number, queue: HashingQueue, log: Logger) {
  return (account: Account, password: string): void => {
    const { id, passwordHash } = account;
    if (passwordHash === null || !needsRehash(passwordHash, cost)) return;
    queue
      .run(`upgrade of ${id}`, () => hashPassword(password, cost))
      .then((hash) => store.replaceHash(id, passwordHash, hash))
      .then((done) => done && log.info({ account: id }, 'password hash upgraded'))
      .catch((error: unknown) => log.debug({ err: error, account: id }, 'password hash not upgraded'));
  };
}
