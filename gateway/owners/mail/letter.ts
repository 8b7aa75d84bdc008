import { isMailAddress } from '../../settings/schema/mail.ts';

/** What somebody is told. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same for programs that show HTML. */
  readonly html: string;
}

/** A mail on its way. It keeps its id and date however often it is sent, so that a second copy is known to be one. */
export interface Letter extends Mail {
  readonly id: string;
  readonly date: Date;
}

/** A way for mail to leave. */
export interface Transport {
  /**
   * Resolves when the mail is in somebody else's hands.
   *
   * @throws DeliveryFailure
   */
  deliver(letter: Letter, signal: AbortSignal): Promise<void>;
}

/** Why a mail did not leave. The message is for the log, and holds nothing of the mail. */
export class DeliveryFailure extends Error {
  override readonly name = 'DeliveryFailure';
  /** Whether the same mail may leave later. */
  readonly isTemporary: boolean;

  constructor(message: string, isTemporary: boolean) {
    super(message);
    this.isTemporary = isTemporary;
  }
}

/**
 * Refuses what would become another mail than it says. A line end in an address or a subject begins a header of its own,
 * such as `Bcc`, and a comma in an address is a second address.
 *
 * @returns what is wrong, without repeating it, or null
 */
export function problemOf({ to, subject }: Mail): string | null {
  if (!isMailAddress(to)) return 'the address is none that mail can be sent to';
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(subject) ? 'the subject has a control character' : null;
}
