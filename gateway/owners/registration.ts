import type { Account } from '../domain/account.ts';
import type { Links } from '../signing/link.ts';
import type { Asked } from './afterwards.ts';
import { type Invalid, problemsOfEmail, problemsOfPassword } from './input.ts';
import type { PasswordNeeds } from './needs.ts';

export type Confirmed =
  | { readonly kind: 'confirmed'; readonly account: Account }
  /** It has been confirmed before, perhaps by this link. */
  | { readonly kind: 'already' }
  | { readonly kind: 'void' };

export interface RegistrationNeeds extends PasswordNeeds {
  readonly links: Links;
}

/** How somebody comes to have an account. All throw GatewayError 503 when the database is out or too much is waiting. */
export function registration({ accounts, changes, links, post, afterwards, newHash }: RegistrationNeeds) {
  /**
   * Somebody, not always its owner, has registered this address before and chosen a password: were it confirmed now, he
   * would be let in beside the owner. So no password counts until whoever reads the mail chooses one. Only the first time
   * is it taken away: a new stamp would make the links of the mails since void.
   */
  const registeredAgain = async ({ id, stamp, passwordHash }: Account) => {
    if (passwordHash !== null) await changes.changeAndRevoke(id, (own) => own.setPassword(id, null, stamp));
    const account = await accounts.findById(id);
    if (account !== null && !account.confirmed && account.passwordHash === null) await post.finishRegistration(account);
  };

  return {
    /** @param client whoever asks, such as an address, for the turns of hashing */
    async register(email: string, password: string, client: string): Promise<Asked | Invalid> {
      const problems = [...problemsOfEmail(email), ...problemsOfPassword(password, email)];
      if (problems.length > 0) return { kind: 'invalid', problems };
      await afterwards.requireReady();
      const passwordHash = await newHash(client, password);
      afterwards.run('registration', async () => {
        const added = await accounts.add({ email, passwordHash, confirmed: false });
        if (added.kind === 'added') return await post.confirm(added.account);
        const account = await accounts.findByEmail(email);
        if (account === null) return;
        await (account.confirmed ? post.alreadyRegistered(account) : registeredAgain(account));
      });
      return { kind: 'asked' };
    },

    async sendConfirmationAgain(email: string): Promise<Asked | Invalid> {
      const problems = problemsOfEmail(email);
      if (problems.length > 0) return { kind: 'invalid', problems };
      await afterwards.requireReady();
      afterwards.run('confirmation', async () => {
        const account = await accounts.findByEmail(email);
        if (account === null || account.confirmed) return;
        await (account.passwordHash === null ? post.finishRegistration(account) : post.confirm(account));
      });
      return { kind: 'asked' };
    },

    async confirm(link: string): Promise<Confirmed> {
      const standing = await changes.findStanding('confirm', link);
      if (standing === null) return await isConfirmed(link);
      const { id, stamp } = standing.account;
      const account = await changes.changeAndRevoke(id, (own) => own.confirm(id, stamp));
      return account === null ? await isConfirmed(link) : { kind: 'confirmed', account };
    },
  };

  /** Whoever follows a link twice, or whose mail program does, is told that all is well. */
  async function isConfirmed(link: string): Promise<Confirmed> {
    const opened = links.open('confirm', link);
    const account = opened === null ? null : await accounts.findById(opened.accountId);
    return { kind: account?.confirmed ? 'already' : 'void' };
  }
}
