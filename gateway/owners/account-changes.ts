import type { Account } from '../domain/account.ts';
import type { Revoker } from '../revocation/revoker.ts';
import type { EmailChange, LinkPurpose, Links } from '../signing/link.ts';
import type { AccountReader, AccountStore } from '../stores/accounts/store.ts';
import type { BackgroundWork } from './background-work.ts';
import type { OwnerMails } from './owner-mails.ts';

/** A valid link, with its account as it is now. */
export interface StandingLink {
  readonly account: Account;
  readonly change: EmailChange | null;
}

/** Finds accounts by mailed links, and changes them. All throw GatewayError 503 when the database is out. */
export interface AccountChanges {
  /** @returns null for a link that is malformed, used, expired, or void because the account has changed since */
  findLink(purpose: LinkPurpose, link: string): Promise<StandingLink | null>;
  /**
   * Changes an account and revokes all its tokens in one transaction; every node learns of it.
   *
   * @param change resolves with false where the account has changed since it was read
   * @returns the account as it is now; null where nothing was changed
   */
  changeAndRevoke(id: string, change: (own: AccountStore) => Promise<boolean>): Promise<Account | null>;
  /** The same, but the tokens stay valid. */
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
      const opened = links.open(purpose, link);
      if (opened === null) return null;
      const account = await findById(opened.accountId);
      return account !== null && opened.isFor(account) ? { account, change: opened.change } : null;
    },
    changeAndRevoke: changing(revoker.changeAndRevoke),
    changeAndKeepTokens: changing(revoker.changeAndKeepTokens),
  };
}

/** What the actions of owners share. */
export interface ActionDeps {
  /** The gateway's own table. */
  readonly accounts: AccountStore;
  readonly changes: AccountChanges;
  readonly mails: OwnerMails;
  readonly background: BackgroundWork;
}

/** What actions that set a password need besides. */
export interface PasswordActionDeps extends ActionDeps {
  /**
   * Hashes a password when it is the client's turn.
   *
   * @param client the sender of the request, such as an address
   * @throws GatewayError 503 when too many hashes are waiting
   */
  newHash(client: string, password: string): Promise<string>;
}
