import type { Account } from '../domain/account.ts';
import type { PasswordActionDeps } from './account-changes.ts';
import type { Accepted } from './background-work.ts';
import { type Invalid, problemsOfEmail, problemsOfPassword } from './input.ts';

export type PasswordResetOutcome =
  | { readonly kind: 'changed'; readonly account: Account }
  /** The link is malformed, used, expired, or invalid because the account has changed. */
  | { readonly kind: 'void' }
  | Invalid;

export type PasswordChangeOutcome =
  | { readonly kind: 'changed'; readonly account: Account }
  /** The account has changed since it was read: the owner must log in again. */
  | { readonly kind: 'stale' }
  | Invalid;

/**
 * Changes the password of an account and revokes all its tokens. All methods throw GatewayError 503 when the database is
 * unavailable or too much work is waiting.
 *
 * `client` is the sender of the request, such as an address: clients take turns in the hashing queue.
 */
export function passwordChange({ accounts, changes, mails, background, newHash }: PasswordActionDeps) {
  return {
    async startReset(email: string): Promise<Accepted | Invalid> {
      const problems = problemsOfEmail(email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      await background.requireReady();
      background.run('password reset', async () => {
        const account = await accounts.findByLogin(email);
        if (account !== null) await mails.reset(account);
      });
      return { kind: 'accepted' };
    },

    /** Also confirms the account: the link proves access to its mailbox. */
    async finishReset(link: string, password: string, client: string): Promise<PasswordResetOutcome> {
      const linked = await changes.findLink('reset', link);
      if (linked === null) return { kind: 'void' };
      const { id, email, stamp, confirmed } = linked.account;
      const problems = problemsOfPassword(password, email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      const passwordHash = await newHash(client, password);
      const account = await changes.changeAndRevoke(id, async (own) => {
        if (!(await own.setPassword(id, passwordHash, stamp))) return false;
        if (!confirmed) await own.setConfirmed(id, true);
        return true;
      });
      if (account === null) return { kind: 'void' };
      // The last step of a registration sends no notice: there was no password before.
      if (confirmed) background.run('notice of a new password', () => mails.passwordChanged(account));
      return { kind: 'changed', account };
    },

    /** @param seen the account as it was when its current password was checked */
    async changePassword(seen: Account, password: string, client: string): Promise<PasswordChangeOutcome> {
      const problems = problemsOfPassword(password, seen.email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      const passwordHash = await newHash(client, password);
      const account = await changes.changeAndRevoke(seen.id, (own) =>
        own.setPassword(seen.id, passwordHash, seen.stamp),
      );
      if (account === null) return { kind: 'stale' };
      background.run('notice of a new password', () => mails.passwordChanged(account));
      return { kind: 'changed', account };
    },
  };
}
