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
        `Welcome to ${name}. Somebody, we hope you, has registered with this address. One step is left:`,
        { label: 'Confirm the account', link },
        `The link works once, for ${spoken(lifetime)}. If you have not registered, leave it alone: without it nobody can use the account.`,
      ),

    finishRegistration: ({ link, lifetime }) =>
      message(
        `Finish your ${name} registration`,
        `Somebody, we hope you, has registered with this address at ${name} again. It had been registered before, and never confirmed. So that the account is yours whoever did so, please choose its password anew. That confirms the account, too:`,
        { label: 'Choose a password', link },
        `The link works once, for ${spoken(lifetime)}. If you have not registered, leave it alone: without it nobody can use the account.`,
      ),

    alreadyRegistered: ({ loginPage, forgottenPage }) =>
      message(
        `You already have an account at ${name}`,
        `Somebody, perhaps you, wanted to use this address for a new account at ${name}. It has an account already, and nothing about it was changed.`,
        { label: 'Log in', link: loginPage },
        'If you no longer know the password, choose another one:',
        { label: 'Forgotten password', link: forgottenPage },
        'If it was not you, there is nothing to do.',
      ),

    reset: ({ link, lifetime }) =>
      message(
        `Choose a new ${name} password`,
        `Somebody, we hope you, has asked for a new password of your ${name} account. Choose it here:`,
        { label: 'Choose a new password', link },
        `The link works once, for ${spoken(lifetime)}. If you have not asked, leave it alone: your password stays as it is.`,
      ),

    confirmNewEmail: ({ link, lifetime }) =>
      message(
        `Confirm your new ${name} email address`,
        `The owner of an account at ${name} wants to use this address for it from now on. If that is you, confirm it:`,
        { label: 'Use this address', link },
        `The link works once, for ${spoken(lifetime)}. If it is not you, leave it alone: the account belongs to somebody else, and your address stays out of it.`,
      ),

    emailChanged: () =>
      message(
        `The email address of your ${name} account was changed`,
        `Your ${name} account now has another email address. It is the one to log in with, and this one gets no more mail about it.`,
        `If you have not changed it, please tell those who run ${name} at once.`,
      ),

    passwordChanged: ({ forgottenPage }) =>
      message(
        `The password of your ${name} account was changed`,
        `The password of your ${name} account was changed just now. Tokens and sessions from before no longer work.`,
        'If you have not changed it, somebody else has. Choose another one at once:',
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
