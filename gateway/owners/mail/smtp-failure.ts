import type { NodemailerError } from 'nodemailer';
import { DeliveryFailure } from './letter.ts';

/** Characters of a server's answer that are logged. */
const LONGEST = 200;

/** Turns an error of nodemailer into a message for the log, and says whether to retry. */
export function failureOf(error: unknown): DeliveryFailure {
  if (!(error instanceof Error)) return new DeliveryFailure(String(error), true);
  const { response, responseCode, code, originalCode, message } = error as NodemailerError;
  if (response !== undefined && responseCode !== undefined) {
    // RFC 5321 section 4.2.1: 4yz is a transient failure, 5yz a permanent one.
    return new DeliveryFailure(`the mail server answered ${withheld(response)}`, responseCode < 500);
  }
  const cause = withheld(originalCode === undefined ? message : `${originalCode}: ${message}`);
  // What the library itself refuses, an address or a message, fails each time.
  return new DeliveryFailure(cause, code !== 'EENVELOPE' && code !== 'EMESSAGE');
}

/**
 * Removes addresses and links from a server's answer. A server may quote them, for instance as spam, and a link in the log
 * would give its readers access to the account.
 */
function withheld(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/\S*(?:@|:\/\/|[\w-]{24})\S*/g, '(withheld)')
    .slice(0, LONGEST);
}
