import { isMailAddress } from '../../settings/schema/mail.ts';

export interface MailContent {
  readonly subject: string;
  readonly text: string;
  /** The same text as HTML. */
  readonly html: string;
}

/** A mail to one address. */
export interface Mail extends MailContent {
  readonly to: string;
}

/** A queued mail. Id and date stay the same in every attempt, so that receivers can detect duplicates. */
export interface Letter extends Mail {
  readonly id: string;
  readonly date: Date;
}

/** Delivers letters. */
export interface MailTransport {
  /**
   * Resolves when the mail server, or the folder, has accepted the letter.
   *
   * @throws DeliveryFailure
   */
  deliver(letter: Letter, signal: AbortSignal): Promise<void>;
}

/** Why a delivery failed. The message is for the log, and holds nothing of the mail. */
export class DeliveryFailure extends Error {
  override readonly name = 'DeliveryFailure';
  /** Whether a later attempt may succeed. */
  readonly isTemporary: boolean;

  constructor(message: string, isTemporary: boolean) {
    super(message);
    this.isTemporary = isTemporary;
  }
}

/**
 * Prevents email header injection: a line end in an address or a subject would begin another header, such as `Bcc`, and a
 * comma in an address a second address.
 *
 * @returns what is wrong, without repeating the value, or null
 */
export function problemOf({ to, subject }: Mail): string | null {
  if (!isMailAddress(to)) return 'the address is not a valid mail address';
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(subject) ? 'the subject has a control character' : null;
}
