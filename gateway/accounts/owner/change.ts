import type { Account } from '../../state.ts';
import type { EmailChange, LinkPurpose, Links } from '../../tokens/link.ts';
import type { Revoker } from '../../tokens/revoke.ts';
import type { AccountReader, AccountStore } from '../store.ts';

/** A link that stands, with the account that it is for as it is now. */
export interface Standing {
  readonly account: Account;
  readonly change: EmailChange | null;
}

/** @throws GatewayError `service_unavailable` when the database is out */
export type FindStanding = (purpose: LinkPurpose, link: string) => Promise<Standing | null>;

export function standingLinks(links: Links, { findById }: Pick<AccountReader, 'findById'>): FindStanding {
  return async (purpose, link) => {
    const opened = links.open(purpose, link);
    if (opened === null) return null;
    const account = await findById(opened.accountId);
    return account !== null && opened.isFor(account) ? { account, change: opened.change } : null;
  };
}

/**
 * Changes an account and revokes all its tokens, in one transaction, so that every node hears of it.
 *
 * @param change resolves with false where the account was no longer as it was seen
 * @returns the account as it is now; null where nothing was changed
 */
export async function changeAndRevoke(
  withAccount: Revoker['withAccount'],
  id: string,
  change: (own: AccountStore) => Promise<boolean>,
): Promise<Account | null> {
  const after: { account: Account | null } = { account: null };
  const done = await withAccount(id, async (own) => {
    if (!(await change(own))) return false;
    after.account = await own.findById(id);
    return true;
  });
  return done ? after.account : null;
}
