import type { MailContent } from './letter.ts';
import { type Paragraph, renderMail } from './render.ts';

/** A mailed link, and the milliseconds for which it is valid. */
export interface MailedLink {
  readonly link: string;
  readonly lifetime: number;
}

/** The texts of all mails to account owners. */
export interface Messages {
  /** After a registration. */
  confirm(link: MailedLink): MailContent;
  /** After another registration of an address that is still unconfirmed. */
  finishRegistration(link: MailedLink): MailContent;
  /** To the owner of an account whose address was entered for another account. */
  alreadyRegistered(pages: { loginPage: string; forgottenPage: string }): MailContent;
  reset(link: MailedLink): MailContent;
  /** To the new address. */
  confirmNewEmail(link: MailedLink): MailContent;
  /** To the old address. */
  emailChanged(): MailContent;
  passwordChanged(pages: { forgottenPage: string }): MailContent;
}

export type MessageKind = keyof Messages;

/** @param name the name of the product for owners */
export function createMessages({ name }: { name: string }): Messages {
  const message = (subject: string, ...paragraphs: Paragraph[]): MailContent => ({
    subject,
    ...renderMail(subject, [...paragraphs, { small: `This mail was written by ${name}.` }]),
  });

  return {
    confirm: ({ link, lifetime }) =>
      message(
        `Confirm your ${name} account`,
        `Welcome to ${name}. Somebody, hopefully you, has registered with this address. One step is left:`,
        { label: 'Confirm the account', link },
        `The link works once, for ${spoken(lifetime)}. If you have not registered, ignore this mail: the account cannot be used without the link.`,
      ),

    finishRegistration: ({ link, lifetime }) =>
      message(
        `Finish your ${name} registration`,
        `Somebody, hopefully you, has registered with this address at ${name} again. The first registration was never confirmed, and may not have been yours. Please choose a new password, which also confirms the account:`,
        { label: 'Choose a password', link },
        `The link works once, for ${spoken(lifetime)}. If you have not registered, ignore this mail: the account cannot be used without the link.`,
      ),

    alreadyRegistered: ({ loginPage, forgottenPage }) =>
      message(
        `You already have an account at ${name}`,
        `Somebody, perhaps you, tried to use this address for a new account at ${name}. It already has an account, which was not changed.`,
        { label: 'Log in', link: loginPage },
        'If you have forgotten the password, choose a new one:',
        { label: 'Forgotten password', link: forgottenPage },
        'If it was not you, you need not do anything.',
      ),

    reset: ({ link, lifetime }) =>
      message(
        `Choose a new ${name} password`,
        `Somebody, hopefully you, has requested a new password for your ${name} account. Choose it here:`,
        { label: 'Choose a new password', link },
        `The link works once, for ${spoken(lifetime)}. If you have not requested it, ignore this mail: your password does not change.`,
      ),

    confirmNewEmail: ({ link, lifetime }) =>
      message(
        `Confirm your new ${name} email address`,
        `The owner of an account at ${name} wants to use this address for it. If that is you, confirm the change:`,
        { label: 'Use this address', link },
        `The link works once, for ${spoken(lifetime)}. If it is not you, ignore this mail: your address will not be used.`,
      ),

    emailChanged: () =>
      message(
        `The email address of your ${name} account was changed`,
        `Your ${name} account now has another email address. Use that one to log in. This address gets no more mails about the account.`,
        `If you have not changed it, please contact the operators of ${name} immediately.`,
      ),

    passwordChanged: ({ forgottenPage }) =>
      message(
        `The password of your ${name} account was changed`,
        `The password of your ${name} account was changed just now. Earlier tokens and sessions no longer work.`,
        'If you have not changed it, somebody else has. Choose a new one immediately:',
        { label: 'Choose a new password', link: forgottenPage },
      ),
  };
}

/** @param lifetime milliseconds */
function spoken(lifetime: number): string {
  const minutes = Math.round(lifetime / 60_000);
  const [count, unit] = minutes % 60 === 0 ? [minutes / 60, 'hour'] : [minutes, 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
