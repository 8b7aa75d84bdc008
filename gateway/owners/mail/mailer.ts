import { randomUUID } from 'node:crypto';
import type { Logger } from '../../ops/log.ts';
import type { MailLocation, Sender } from '../../settings/schema/mail.ts';
import { folderTransport } from './folder.ts';
import { type Mail, problemOf } from './letter.ts';
import { createMailQueue } from './queue.ts';
import { smtpTransport } from './smtp.ts';

export interface Mailer {
  /** Sends a mail in the background. Never throws; failures are logged. */
  send(mail: Mail): void;
  /** Accepts no more mails, and drops those that are not delivered within `grace` milliseconds. Resolves when all are done. */
  close(grace: number): Promise<void>;
}

const SMTP_TIMEOUTS = { connect: 10_000, greeting: 10_000, idle: 30_000, whole: 60_000 };
/** Attempts after 0, 5, 15, 35, 75, 155 and 315 seconds. */
const QUEUE_LIMITS = { capacity: 1_000, width: 2, firstPause: 5_000, patience: 300_000 };

/** Sends the gateway's mails, at most two at a time, with retries for about five minutes. */
export function createMailer({
  location,
  from,
  log,
  print,
}: {
  location: MailLocation;
  from: Sender;
  log: Logger;
  /** Shows a mail that is written to a folder to the operator. */
  print(text: string): void;
}): Mailer {
  const transport =
    location.kind === 'smtp'
      ? smtpTransport(location, from, SMTP_TIMEOUTS)
      : folderTransport(location.folder, from, print);
  const queue = createMailQueue(transport, QUEUE_LIMITS, log);
  return {
    send(mail) {
      const problem = problemOf(mail);
      if (problem !== null) return log.error({ fault: 'mail', cause: problem }, 'mail not sent');
      queue.add({ ...mail, id: randomUUID(), date: new Date() });
    },
    close: queue.close,
  };
}
