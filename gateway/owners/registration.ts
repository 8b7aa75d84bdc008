import type { Account } from '../domain/account.ts';
import type { Links } from '../signing/link.ts';
import type { PasswordActionDeps } from './account-changes.ts';
import type { Accepted } from './background-work.ts';
import { type Invalid, problemsOfEmail, problemsOfPassword } from './input.ts';

export type ConfirmationOutcome =
  | { readonly kind: 'confirmed'; readonly account: Account }
  /** The account was confirmed before, perhaps by this link. */
  | { readonly kind: 'already' }
  | { readonly kind: 'void' };

export interface RegistrationDeps extends PasswordActionDeps {
  readonly links: Links;
}

/** Registers and confirms accounts. Throws GatewayError 503 when the database is unavailable or too much work is waiting. */
export function registration({ accounts, changes, links, mails, background, newHash }: RegistrationDeps) {
  /**
   * Handles a second registration of an unconfirmed address. The first one may be an attacker's, who chose a password: if the
   * owner confirmed the account now, the attacker's password would stay valid (account pre-hijacking). So the password is
   * removed, and the reader of the mail chooses a new one. It is removed only once: each removal sets a new stamp, which
   * invalidates the links mailed since.
   */
  const registeredAgain = async ({ id, stamp, passwordHash }: Account) => {
    if (passwordHash !== null) await changes.changeAndRevoke(id, (own) => own.setPassword(id, null, stamp));
    const account = await accounts.findById(id);
    if (account !== null && !account.confirmed && account.passwordHash === null)
      await mails.finishRegistration(account);
  };

  return {
    /** @param client the sender of the request, such as an address: clients take turns in the hashing queue */
    async register(email: string, password: string, client: string): Promise<Accepted | Invalid> {
      const problems = [...problemsOfEmail(email), ...problemsOfPassword(password, email)];
      if (problems.length > 0) return { kind: 'invalid', problems };
      await background.requireReady();
      const passwordHash = await newHash(client, password);
      background.run('registration', async () => {
        const added = await accounts.add({ email, passwordHash, confirmed: false });
        if (added.kind === 'added') return await mails.confirm(added.account);
        const account = await accounts.findByLogin(email);
        if (account === null) return;
        await (account.confirmed ? mails.alreadyRegistered(account) : registeredAgain(account));
      });
      return { kind: 'accepted' };
    },

    async sendConfirmationAgain(email: string): Promise<Accepted | Invalid> {
      const problems = problemsOfEmail(email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      await background.requireReady();
      background.run('confirmation', async () => {
        const account = await accounts.findByLogin(email);
        if (account === null || account.confirmed) return;
        await (account.passwordHash === null ? mails.finishRegistration(account) : mails.confirm(account));
      });
      return { kind: 'accepted' };
    },

    async confirm(link: string): Promise<ConfirmationOutcome> {
      const linked = await changes.findLink('confirm', link);
      if (linked === null) return await isConfirmed(link);
      const { id, stamp } = linked.account;
      const account = await changes.changeAndRevoke(id, (own) => own.confirm(id, stamp));
      return account === null ? await isConfirmed(link) : { kind: 'confirmed', account };
    },
  };

  /** A link that is followed twice, by its owner or a mail program, still reports success. */
  async function isConfirmed(link: string): Promise<ConfirmationOutcome> {
    const verified = links.verify('confirm', link);
    const account = verified === null ? null : await accounts.findById(verified.accountId);
    return { kind: account?.confirmed ? 'already' : 'void' };
  }
}
