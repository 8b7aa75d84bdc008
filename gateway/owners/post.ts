import type { Account } from '../domain/account.ts';
import type { EmailChange, LinkContent, LinkPurpose, Links } from '../signing/link.ts';
import type { MailLimit } from './mail/limit.ts';
import type { Message, MessageKind, Messages } from './mail/messages.ts';
import type { Mailer } from './mail/transport.ts';

/** The mails that owners get. Each is sent to the address as the account has it, never as somebody has typed it. */
export interface Post {
  confirm(account: Account): Promise<void>;
  finishRegistration(account: Account): Promise<void>;
  alreadyRegistered(account: Account): Promise<void>;
  reset(account: Account): Promise<void>;
  confirmNewEmail(account: Account, change: EmailChange): Promise<void>;
  /** To the address that the account had before. */
  emailChanged(before: Account): Promise<void>;
  passwordChanged(account: Account): Promise<void>;
}

export interface PostOffice {
  readonly links: Links;
  readonly mailer: Pick<Mailer, 'send'>;
  readonly limit: MailLimit;
  readonly messages: Messages;
  /** Where the pages are, such as `https://example.com/account`: known once the gateway listens. */
  url(): string;
}

/** Below the address of the pages, with the link's token as the query's `link`. */
export const LINK_PATHS = {
  confirm: '/confirm',
  reset: '/reset',
  email: '/email/confirm',
} as const satisfies Record<LinkPurpose, string>;

const HOUR = 3_600_000;
/** Milliseconds. A new password is quickly chosen, and its link the most worth stealing. */
const LIFETIMES = { confirm: 24 * HOUR, reset: HOUR, email: 24 * HOUR } as const satisfies Record<LinkPurpose, number>;

export function createPost({ links, mailer, limit, messages, url }: PostOffice): Post {
  const send = async (to: string, kind: MessageKind, write: () => Message) => {
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
