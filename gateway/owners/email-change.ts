import type { Account } from '../domain/account.ts';
import type { EmailChange } from '../signing/link.ts';
import type { EmailSet } from '../stores/accounts/store.ts';
import type { Asked } from './afterwards.ts';
import { type Invalid, problemsOfEmail } from './input.ts';
import type { ActionNeeds } from './needs.ts';

export type EmailChanged =
  | { readonly kind: 'changed'; readonly account: Account }
  /** Another account has got it. Whoever has the link reads its mail, and may know. */
  | { readonly kind: 'taken' }
  /** The link has been used, has expired, was made void by a change of the account, or is none. */
  | { readonly kind: 'void' };

/** How an account gets another email. Both throw GatewayError 503 when the database is out or too much is waiting. */
export function emailChange({ accounts, changes, post, afterwards }: ActionNeeds) {
  const set = async (seen: Account, { email, endTokens }: EmailChange): Promise<[EmailSet, Account | null]> => {
    const said: { outcome: EmailSet } = { outcome: 'stale' };
    // Every node must hear of it: the old address opens nothing any more.
    const transaction = endTokens ? changes.changeAndRevoke : changes.changeAlone;
    const account = await transaction(seen.id, async (own) => {
      said.outcome = await own.setEmail(seen, email, endTokens ? 'end' : 'go on');
      return said.outcome === 'changed';
    });
    return [said.outcome, account];
  };

  return {
    /** @param account as it was when its present password was proven */
    async startEmailChange(account: Account, change: EmailChange): Promise<Asked | Invalid> {
      const problems = problemsOfEmail(change.email);
      if (change.email === account.email) {
        problems.push({ field: 'email', text: 'The email is the one that the account has.' });
      }
      if (problems.length > 0) return { kind: 'invalid', problems };
      await afterwards.requireReady();
      afterwards.run('change of an email', async () => {
        const other = await accounts.findByEmail(change.email);
        const isFree = other === null || other.id === account.id;
        await (isFree ? post.confirmNewEmail(account, change) : post.alreadyRegistered(other));
      });
      return { kind: 'asked' };
    },

    async finishEmailChange(link: string): Promise<EmailChanged> {
      const standing = await changes.findStanding('email', link);
      if (standing?.change == null) return { kind: 'void' };
      const before = standing.account;
      const [outcome, account] = await set(before, standing.change);
      if (account === null) return { kind: outcome === 'taken' ? 'taken' : 'void' };
      afterwards.run('word of a new email', () => post.emailChanged(before));
      return { kind: 'changed', account };
    },
  };
}
