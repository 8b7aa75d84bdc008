import type { Account } from '../domain/account.ts';
import type { EmailChange } from '../signing/link.ts';
import type { EmailSet } from '../stores/accounts/store.ts';
import type { ActionDeps } from './account-changes.ts';
import type { Accepted } from './background-work.ts';
import { type Invalid, problemsOfEmail } from './input.ts';

export type EmailChangeOutcome =
  | { readonly kind: 'changed'; readonly account: Account }
  /** Another account has this email. The holder of the link owns the mailbox, and may learn this. */
  | { readonly kind: 'taken' }
  /** The link is malformed, used, expired, or invalid because the account has changed. */
  | { readonly kind: 'void' };

/** Changes the email of an account. Both throw GatewayError 503 when the database is unavailable or too much work is waiting. */
export function emailChange({ accounts, changes, mails, background }: ActionDeps) {
  const set = async (seen: Account, { email, endTokens }: EmailChange): Promise<[EmailSet, Account | null]> => {
    const result: { outcome: EmailSet } = { outcome: 'stale' };
    // Both transactions also make every node reload the account, so that the old address no longer logs in.
    const transaction = endTokens ? changes.changeAndRevoke : changes.changeAndKeepTokens;
    const account = await transaction(seen.id, async (own) => {
      result.outcome = await own.setEmail(seen, email, endTokens ? 'end' : 'keep');
      return result.outcome === 'changed';
    });
    return [result.outcome, account];
  };

  return {
    /** @param account as it was when its current password was checked */
    async startEmailChange(account: Account, change: EmailChange): Promise<Accepted | Invalid> {
      const problems = problemsOfEmail(change.email);
      if (change.email === account.email) {
        problems.push({ field: 'email', text: 'The email is the one that the account has.' });
      }
      if (problems.length > 0) return { kind: 'invalid', problems };
      await background.requireReady();
      background.run('email change', async () => {
        const other = await accounts.findByLogin(change.email);
        const isFree = other === null || other.id === account.id;
        await (isFree ? mails.confirmNewEmail(account, change) : mails.alreadyRegistered(other));
      });
      return { kind: 'accepted' };
    },

    async finishEmailChange(link: string): Promise<EmailChangeOutcome> {
      const linked = await changes.findLink('email', link);
      if (linked?.change == null) return { kind: 'void' };
      const before = linked.account;
      const [outcome, account] = await set(before, linked.change);
      if (account === null) return { kind: outcome === 'taken' ? 'taken' : 'void' };
      background.run('notice of a new email', () => mails.emailChanged(before));
      return { kind: 'changed', account };
    },
  };
}
