import type { Transporter } from 'nodemailer';
import type { MailLocation, Sender } from '../../settings/schema/mail.ts';
import { DeliveryFailure, type Letter, type Transport } from './letter.ts';
import { failureOf } from './smtp-failure.ts';

export type SmtpLocation = Extract<MailLocation, { kind: 'smtp' }>;

/** Milliseconds. */
export interface SmtpTimeouts {
  /** For the name, the connection, the greeting and TLS together. */
  readonly connect: number;
  /** For the server to greet, once connected. */
  readonly greeting: number;
  /** Between two words of the server's. */
  readonly idle: number;
  /** For the whole of it: a server that trickles its answers never idles. */
  readonly whole: number;
}

/** Hands letters to a mail server, each on a connection of its own. */
export function smtpTransport(location: SmtpLocation, from: Sender, timeouts: SmtpTimeouts): Transport {
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

/** The library is loaded with the first mail: it would take a twelfth of a start, and most starts send none. */
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
 * Where plain text would do as well, TLS with whoever answers is no worse (RFC 7435): the mail server of a machine often
 * has a certificate that nobody has signed. A password goes to a server that has proven its name, or to this machine.
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
    // As an object it is one address, and never parsed as a list of them.
    to: { name: '', address: to },
    subject,
    text,
    html,
    // RFC 3834 section 5: no program is to answer that somebody is on holiday.
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false as const,
  };
}
