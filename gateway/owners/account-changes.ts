import type { Account } from '../domain/account.ts';
import type { Revoker } from '../revocation/revoker.ts';
import type { EmailChange, LinkPurpose, Links } from '../signing/link.ts';
import type { AccountReader, AccountStore } from '../stores/accounts/store.ts';
import type { BackgroundWork } from './background-work.ts';
import type { OwnerMails } from './owner-mails.ts';

/** The current account of a valid link, and the change that the link makes. */
export interface LinkedAccount {
  readonly account: Account;
  readonly change: EmailChange | null;
}

/** Finds accounts by mailed links, and changes them. All methods throw GatewayError 503 when the database is unavailable. */
export interface AccountChanges {
  /** @returns null for a link that is malformed, used, expired, or invalid because the account has changed */
  findLink(purpose: LinkPurpose, link: string): Promise<LinkedAccount | null>;
  /**
   * Changes an account and revokes all its tokens in one transaction; every node learns of it.
   *
   * @param change resolves with false if the account has changed since it was read
   * @returns the current account; null if nothing was changed
   */
  changeAndRevoke(id: string, change: (own: AccountStore) => Promise<boolean>): Promise<Account | null>;
  /** As above, but the tokens stay valid. */
  changeAndKeepTokens(id: string, change: (own: AccountStore) => Promise<boolean>): Promise<Account | null>;
}

export function accountChanges(
  links: Links,
  { findById }: Pick<AccountReader, 'findById'>,
  revoker: Pick<Revoker, 'changeAndRevoke' | 'changeAndKeepTokens'>,
): AccountChanges {
  const changing =
    (transaction: Revoker['changeAndRevoke']): AccountChanges['changeAndRevoke'] =>
    async (id, change) => {
      const after: { account: Account | null } = { account: null };
      const done = await transaction(id, async (own) => {
        if (!(await change(own))) return false;
        after.account = await own.findById(id);
        return true;
      });
      return done ? after.account : null;
    };

  return {
    async findLink(purpose, link) {
      const verified = links.verify(purpose, link);
      if (verified === null) return null;
      const account = await findById(verified.accountId);
      return account !== null && verified.isFor(account) ? { account, change: verified.change } : null;
    },
    changeAndRevoke: changing(revoker.changeAndRevoke),
    changeAndKeepTokens: changing(revoker.changeAndKeepTokens),
  };
}

/** The common dependencies of owners' actions. */
export interface ActionDeps {
  /** The gateway's own table. */
  readonly accounts: AccountStore;
  readonly changes: AccountChanges;
  readonly mails: OwnerMails;
  readonly background: BackgroundWork;
}

/** The dependencies of actions that set a password. */
export interface PasswordActionDeps extends ActionDeps {
  /**
   * Hashes a password in turn.
   *
   * @param client the sender of the request, such as an address
   * @throws GatewayError 503 when too many hashes are waiting
   */
  newHash(client: string, password: string): Promise<string>;
}
