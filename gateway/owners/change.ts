import type { Account } from '../domain/account.ts';
import type { Revoker } from '../revocation/revoke.ts';
import type { EmailChange, LinkPurpose, Links } from '../signing/link.ts';
import type { AccountReader, AccountStore } from '../stores/accounts/store.ts';

/** A link that stands, with the account that it is for as it is now. */
export interface Standing {
  readonly account: Account;
  readonly change: EmailChange | null;
}

/** How owners' accounts are found by a link, and changed. Both throw GatewayError 503 when the database is out. */
export interface Changes {
  /** @returns null for a link that has been used, has expired, was made void by a change of the account, or is none */
  findStanding(purpose: LinkPurpose, link: string): Promise<Standing | null>;
  /**
   * Changes an account and revokes all its tokens, in one transaction, so that every node hears of it.
   *
   * @param change resolves with false where the account was no longer as it was seen
   * @returns the account as it is now; null where nothing was changed
   */
  changeAndRevoke(id: string, change: (own: AccountStore) => Promise<boolean>): Promise<Account | null>;
  /** The same with tokens that go on. */
  changeAlone(id: string, change: (own: AccountStore) => Promise<boolean>): Promise<Account | null>;
}

export function accountChanges(
  links: Links,
  { findById }: Pick<AccountReader, 'findById'>,
  revoker: Pick<Revoker, 'withAccount' | 'keepingTokens'>,
): Changes {
  const changing =
    (transaction: Revoker['withAccount']): Changes['changeAndRevoke'] =>
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
    async findStanding(purpose, link) {
      const opened = links.open(purpose, link);
      if (opened === null) return null;
      const account = await findById(opened.accountId);
      return account !== null && opened.isFor(account) ? { account, change: opened.change } : null;
    },
    changeAndRevoke: changing(revoker.withAccount),
    changeAlone: changing(revoker.keepingTokens),
  };
}
