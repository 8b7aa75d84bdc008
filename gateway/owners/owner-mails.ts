import type { Account } from '../domain/account.ts';
import type { EmailChange, LinkContent, LinkPurpose, Links } from '../signing/link.ts';
import type { MailContent } from './mail/letter.ts';
import type { MailLimit } from './mail/limit.ts';
import type { Mailer } from './mail/mailer.ts';
import type { MessageKind, Messages } from './mail/messages.ts';

/** The mails to owners. Each goes to the address in the account, never to the address as entered. */
export interface OwnerMails {
  confirm(account: Account): Promise<void>;
  finishRegistration(account: Account): Promise<void>;
  alreadyRegistered(account: Account): Promise<void>;
  reset(account: Account): Promise<void>;
  confirmNewEmail(account: Account, change: EmailChange): Promise<void>;
  /** To the address that the account had before. */
  emailChanged(before: Account): Promise<void>;
  passwordChanged(account: Account): Promise<void>;
}

export interface OwnerMailsDeps {
  readonly links: Links;
  readonly mailer: Pick<Mailer, 'send'>;
  readonly limit: MailLimit;
  readonly messages: Messages;
  /** Returns the URL of the pages, such as `https://example.com/account`; known once the gateway listens. */
  url(): string;
}

/** Paths below the URL of the pages; the query parameter `link` is the token of the link. */
export const LINK_PATHS = {
  confirm: '/confirm',
  reset: '/reset',
  email: '/email/confirm',
} as const satisfies Record<LinkPurpose, string>;

const HOUR = 3_600_000;
/** Milliseconds. The shortest is for a password reset, the most valuable link for a thief. */
const LIFETIMES = { confirm: 24 * HOUR, reset: HOUR, email: 24 * HOUR } as const satisfies Record<LinkPurpose, number>;

export function createOwnerMails({ links, mailer, limit, messages, url }: OwnerMailsDeps): OwnerMails {
  const send = async (to: string, kind: MessageKind, write: () => MailContent) => {
    if (await limit.take(to, kind)) mailer.send({ to, ...write() });
  };
  const linked = (account: Account, content: LinkContent) => {
    const lifetime = LIFETIMES[content.purpose];
    const token = links.make(content, account, lifetime);
    return { link: `${url()}${LINK_PATHS[content.purpose]}?link=${token}`, lifetime };
  };

  return {
    confirm: (account) =>
      send(account.email, 'confirm', () => messages.confirm(linked(account, { purpose: 'confirm' }))),
    finishRegistration: (account) =>
      send(account.email, 'finishRegistration', () =>
        messages.finishRegistration(linked(account, { purpose: 'reset' })),
      ),
    alreadyRegistered: ({ email }) =>
      send(email, 'alreadyRegistered', () =>
        messages.alreadyRegistered({ loginPage: `${url()}/login`, forgottenPage: `${url()}/forgotten` }),
      ),
    reset: (account) => send(account.email, 'reset', () => messages.reset(linked(account, { purpose: 'reset' }))),
    confirmNewEmail: (account, change) =>
      send(change.email, 'confirmNewEmail', () =>
        messages.confirmNewEmail(linked(account, { purpose: 'email', ...change })),
      ),
    emailChanged: ({ email }) => send(email, 'emailChanged', () => messages.emailChanged()),
    passwordChanged: ({ email }) =>
      send(email, 'passwordChanged', () => messages.passwordChanged({ forgottenPage: `${url()}/forgotten` })),
  };
}
