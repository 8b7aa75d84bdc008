import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sender } from '../../settings/schema/mail.ts';
import { DeliveryFailure, type Letter, type MailTransport } from './letter.ts';

/**
 * Writes letters to a folder and prints them, for use without a mail server. Each file is named by time and address, and has
 * mode 600: the link in it gives access to the account.
 *
 * @param print shows text to the operator
 */
export function folderTransport(folder: string, from: Sender, print: (text: string) => void): MailTransport {
  return {
    async deliver(letter) {
      const { date, to } = letter;
      const time = date.toISOString().replaceAll(':', '-');
      const file = join(folder, `${time}-${nameOf(to)}-${randomBytes(3).toString('hex')}.eml`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(file, messageOf(letter, from), { mode: 0o600, flag: 'wx' });
      } catch (error) {
        throw new DeliveryFailure(error instanceof Error ? error.message : String(error), true);
      }
      print(`\nMail to ${to}: ${letter.subject}\n\n${letter.text.replace(/^(?=.)/gm, '  ')}\n`);
    },
  };
}

/** A message in the format of RFC 5322 and RFC 6532, not encoded further. */
function messageOf({ id, date, to, subject, text }: Letter, { name, address }: Sender): string {
  const header = [
    `Date: ${date.toUTCString()}`,
    `From: ${name === '' ? address : `"${name}" <${address}>`}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${id}@gatehouse>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  return `${header.join('\n')}\n\n${text}`;
}

function nameOf(address: string): string {
  return address.replaceAll(/[^\p{L}\p{N}@._+-]/gu, '_').slice(0, 80);
}
