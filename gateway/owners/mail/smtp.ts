import type { NodemailerError, Transporter } from 'nodemailer';
import type { MailLocation, Sender } from '../../settings/schema/mail.ts';
import { DeliveryFailure, type Letter, type MailTransport } from './letter.ts';

export type SmtpLocation = Extract<MailLocation, { kind: 'smtp' }>;

/** Milliseconds. */
export interface SmtpTimeouts {
  /** For DNS, connection, greeting and TLS together. */
  readonly connect: number;
  /** For the server to greet, once connected. */
  readonly greeting: number;
  /** Between two pieces of data from the server. */
  readonly idle: number;
  /** For the whole delivery: a server that trickles its answers never idles. */
  readonly whole: number;
}

/** Delivers letters by SMTP, each on its own connection. */
export function smtpTransport(location: SmtpLocation, from: Sender, timeouts: SmtpTimeouts): MailTransport {
  let transporter: Promise<Transporter> | undefined;

  return {
    async deliver(letter, signal) {
      transporter ??= openTransporter(location, timeouts);
      const mails = await transporter;
      const deadline = AbortSignal.timeout(timeouts.whole);
      try {
        await mails.sendMail({ ...contentOf(letter, from), signal: AbortSignal.any([signal, deadline]) });
      } catch (error) {
        if (deadline.aborted) throw new DeliveryFailure(`not done within ${timeouts.whole} ms`, true);
        if (signal.aborted) throw new DeliveryFailure('the gateway is closing', true);
        throw failureOf(error);
      }
    },
  };
}

/** Loads nodemailer with the first mail: it takes a twelfth of the start-up time, and most processes send none. */
async function openTransporter(location: SmtpLocation, timeouts: SmtpTimeouts): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const { host, port, tls, credentials } = location;
  return createTransport({
    host,
    port,
    secure: tls,
    ...(credentials !== null && { auth: { user: credentials.user, pass: credentials.password } }),
    ...(tls ? {} : startTls(location)),
    dnsTimeout: timeouts.connect,
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.idle,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/**
 * Opportunistic TLS without verification (RFC 7435) where plain text is acceptable: local mail servers often have self-signed
 * certificates. A password is sent only to a server with a verified name, or to this machine.
 */
function startTls({ host, credentials }: SmtpLocation) {
  const isHere = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
  if (credentials !== null && !isHere) return { requireTLS: true };
  return { opportunisticTLS: true, tls: { rejectUnauthorized: false } };
}

function contentOf({ id, date, to, subject, text, html }: Letter, from: Sender) {
  return {
    messageId: `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    date,
    from: { ...from },
    // An object is one address; text would be parsed as a list.
    to: { name: '', address: to },
    subject,
    text,
    html,
    // RFC 3834 section 5: suppresses automatic replies, such as vacation notices.
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false as const,
  };
}

/** Characters of a server's answer that are logged. */
const LONGEST = 200;

/** Turns an error of nodemailer into a message for the log, and says whether to retry. */
function failureOf(error: unknown): DeliveryFailure {
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
