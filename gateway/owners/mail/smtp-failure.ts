import type { NodemailerError } from 'nodemailer';
import { DeliveryFailure } from './letter.ts';

/** Characters of a server's answer that are logged. */
const LONGEST = 200;

/** What went wrong, as it may stand in the log, and whether it is worth another try. */
export function failureOf(error: unknown): DeliveryFailure {
  if (!(error instanceof Error)) return new DeliveryFailure(String(error), true);
  const { response, responseCode, code, originalCode, message } = error as NodemailerError;
  if (response !== undefined && responseCode !== undefined) {
    // RFC 5321 section 4.2.1: the first digit says whether the same mail may be taken later.
    return new DeliveryFailure(`the mail server answered ${withheld(response)}`, responseCode < 500);
  }
  const cause = withheld(originalCode === undefined ? message : `${originalCode}: ${message}`);
  // An address or a mail that the library refuses by itself stays what it is.
  return new DeliveryFailure(cause, code !== 'EENVELOPE' && code !== 'EMESSAGE');
}

/**
 * A server may repeat what it was sent: the address, or a link that it takes for spam, which would let whoever reads the
 * log into the account.
 */
function withheld(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/\S*(?:@|:\/\/|[\w-]{24})\S*/g, '(withheld)')
    .slice(0, LONGEST);
}
