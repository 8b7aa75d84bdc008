import { randomUUID } from 'node:crypto';
import type { Logger } from '../../ops/log.ts';
import type { MailLocation, Sender } from '../../settings/schema/mail.ts';
import { folderTransport } from './folder.ts';
import { type Mail, problemOf } from './letter.ts';
import { createMailQueue } from './queue.ts';
import { smtpTransport } from './smtp.ts';

export type { Mail } from './letter.ts';

export interface Mailer {
  /** Sends a mail in the background. Never throws: what goes wrong is in the log. */
  send(mail: Mail): void;
  /** Takes no more, and gives up what has not left after `grace` milliseconds. Resolves when nothing is under way. */
  close(grace: number): Promise<void>;
}

const SMTP_TIMEOUTS = { connect: 10_000, greeting: 10_000, idle: 30_000, whole: 60_000 };
/** Tries at 0, 5, 15, 35, 75, 155 and 315 seconds. */
const QUEUE_LIMITS = { capacity: 1_000, width: 2, firstPause: 5_000, patience: 300_000 };

/** What sends the gateway's mails to their place, at most two at a time, and tries again for about five minutes. */
export function createMailer({
  location,
  from,
  log,
  print,
}: {
  location: MailLocation;
  from: Sender;
  log: Logger;
  /** Shows a mail that is kept in a folder to whoever runs the gateway. */
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
