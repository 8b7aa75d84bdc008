import type { HashingQueue } from '../identify/passwords/hashing-queue.ts';
import type { Logger } from '../ops/log.ts';
import type { Revoker } from '../revocation/revoker.ts';
import type { AccountStore } from '../stores/accounts/store.ts';
import { accountChanges } from './account-changes.ts';
import { createBackgroundWork } from './background-work.ts';
import { emailChange } from './email-change.ts';
import { createOwnerMails, type OwnerMailsDeps } from './owner-mails.ts';
import { passwordChange } from './password-change.ts';
import { registration } from './registration.ts';

export interface OwnerActionDeps extends OwnerMailsDeps {
  /** The gateway's own table; an application's table is read-only. */
  readonly accounts: AccountStore;
  /** Hashes a validated password. */
  hash(password: string): Promise<string>;
  inTurn: HashingQueue['run'];
  readonly revoker: Pick<Revoker, 'changeAndRevoke' | 'changeAndKeepTokens'>;
  /** Resolves when the database answers. Throws GatewayError `service_unavailable` when it does not. */
  ping(): Promise<void>;
  readonly log: Logger;
}

export type OwnerActions = ReturnType<typeof createOwnerActions>;

/**
 * The use cases of account owners. No response, and no response time, reveals which accounts exist (account enumeration): work
 * that depends on this runs after the response, and its result is mailed to the address.
 */
export function createOwnerActions({ log, hash, inTurn, ping, revoker, ...deps }: OwnerActionDeps) {
  const background = createBackgroundWork(log, ping);
  const changes = accountChanges(deps.links, deps.accounts, revoker);
  const newHash = (client: string, password: string) => inTurn(client, () => hash(password));
  const shared = { ...deps, background, changes, newHash, mails: createOwnerMails(deps) };
  return {
    ...registration(shared),
    ...passwordChange(shared),
    ...emailChange(shared),
    /** Checks a mailed link without using it: malware scanners follow links. */
    findLink: changes.findLink,
    /** Resolves when all background work is done, and the mailer has its mails. */
    settled: background.settled,
    /** Waits up to `ms` milliseconds for background work, and then drops tasks that have not begun. */
    close: background.close,
  };
}
