import type { HashingQueue } from '../identify/passwords/hashing-queue.ts';
import type { Logger } from '../ops/log.ts';
import type { Revoker } from '../revocation/revoke.ts';
import type { AccountStore } from '../stores/accounts/store.ts';
import { createAfterwards } from './afterwards.ts';
import { accountChanges } from './change.ts';
import { emailChange } from './email-change.ts';
import { passwords } from './passwords.ts';
import { createPost, type PostOffice } from './post.ts';
import { registration } from './registration.ts';

export interface OwnerNeeds extends PostOffice {
  /** The gateway's own table; that of an application is read only. */
  readonly accounts: AccountStore;
  /** Hashes a password that has been looked at. */
  hash(password: string): Promise<string>;
  inTurn: HashingQueue['run'];
  readonly revoker: Pick<Revoker, 'withAccount' | 'keepingTokens'>;
  /** Resolves when the database answers. Throws GatewayError `service_unavailable` when it does not. */
  ping(): Promise<void>;
  readonly log: Logger;
}

export type OwnerActions = ReturnType<typeof createOwnerActions>;

/**
 * What owners do to their accounts. None of it tells which accounts there are, in what it answers or in when: what depends
 * on that is done after the answer, and only who reads the mail of an address learns of it.
 */
export function createOwnerActions({ log, hash, inTurn, ping, revoker, ...needs }: OwnerNeeds) {
  const afterwards = createAfterwards(log, ping);
  const changes = accountChanges(needs.links, needs.accounts, revoker);
  const newHash = (client: string, password: string) => inTurn(client, () => hash(password));
  const shared = { ...needs, afterwards, changes, newHash, post: createPost(needs) };
  return {
    ...registration(shared),
    ...passwords(shared),
    ...emailChange(shared),
    /** Whether the link of a mail stands, and for what, without using it: programs that look for malware follow links. */
    findStanding: changes.findStanding,
    /** Resolves when everything that was to be done after the answers is done: mails are with the mailer. */
    settled: afterwards.settled,
    /** What has not begun of it is not done any more. */
    giveUp: afterwards.giveUp,
  };
}
