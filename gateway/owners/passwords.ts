import type { Account } from '../domain/account.ts';
import type { Asked } from './afterwards.ts';
import { type Invalid, problemsOfEmail, problemsOfPassword } from './input.ts';
import type { PasswordNeeds } from './needs.ts';

export type PasswordReset =
  | { readonly kind: 'changed'; readonly account: Account }
  /** The link has been used, has expired, was made void by a change of the account, or is none. */
  | { readonly kind: 'void' }
  | Invalid;

export type PasswordChange =
  | { readonly kind: 'changed'; readonly account: Account }
  /** The account has changed since it was read: whoever asks must log in again. */
  | { readonly kind: 'stale' }
  | Invalid;

/**
 * How the password of an account is changed, which ends all its tokens. All throw GatewayError 503 when the database is out
 * or too much is waiting.
 *
 * `client` is whoever asks, such as an address, for the turns of hashing.
 */
export function passwords({ accounts, changes, post, afterwards, newHash }: PasswordNeeds) {
  return {
    async startReset(email: string): Promise<Asked | Invalid> {
      const problems = problemsOfEmail(email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      await afterwards.requireReady();
      afterwards.run('password reset', async () => {
        const account = await accounts.findByEmail(email);
        if (account !== null) await post.reset(account);
      });
      return { kind: 'asked' };
    },

    /** Confirms the account as well: whoever has the link reads its mail. */
    async finishReset(link: string, password: string, client: string): Promise<PasswordReset> {
      const standing = await changes.findStanding('reset', link);
      if (standing === null) return { kind: 'void' };
      const { id, email, stamp, confirmed } = standing.account;
      const problems = problemsOfPassword(password, email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      const passwordHash = await newHash(client, password);
      const account = await changes.changeAndRevoke(id, async (own) => {
        if (!(await own.setPassword(id, passwordHash, stamp))) return false;
        if (!confirmed) await own.setConfirmed(id, true);
        return true;
      });
      if (account === null) return { kind: 'void' };
      // Where this was the end of a registration, there was no password to change.
      if (confirmed) afterwards.run('word of a new password', () => post.passwordChanged(account));
      return { kind: 'changed', account };
    },

    /** @param seen the account, as it was when its present password was proven */
    async changePassword(seen: Account, password: string, client: string): Promise<PasswordChange> {
      const problems = problemsOfPassword(password, seen.email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      const passwordHash = await newHash(client, password);
      const account = await changes.changeAndRevoke(seen.id, (own) =>
        own.setPassword(seen.id, passwordHash, seen.stamp),
      );
      if (account === null) return { kind: 'stale' };
      afterwards.run('word of a new password', () => post.passwordChanged(account));
      return { kind: 'changed', account };
    },
  };
}
