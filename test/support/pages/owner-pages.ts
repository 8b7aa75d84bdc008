import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { type Visitor, visitor } from './page-visitor.ts';

/** Mails that a gateway keeps in a folder of the test's. */
export interface MailFolder {
  /** For the setting `mail.url`. */
  readonly url: string;
  /** The token of the link below this path in the newest mail to the address, once there is one. */
  linkFor(to: string, path: string): Promise<string>;
}

export function mailFolder(t: Scope): MailFolder {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mail-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return {
    url: `folder:${folder}`,
    async linkFor(to, path) {
      const link = new RegExp(`^http://\\S*/account${path}\\?link=([\\w.-]+)$`, 'm');
      const find = () =>
        readdirSync(folder)
          .sort()
          .map((name) => readFileSync(join(folder, name), 'utf8'))
          .filter((mail) => mail.includes(`\nTo: ${to}\n`) && link.test(mail))
          .at(-1);
      await holds(`a mail to ${to}`, () => find() !== undefined);
      return link.exec(find() ?? '')?.[1] ?? '';
    },
  };
}

/** @returns the browser of somebody who has logged in there */
export async function loggedInAt(url: string, who: { email: string; password: string }): Promise<Visitor> {
  const browser = visitor(url);
  const { status } = await browser.post('/account/login', who);
  if (status !== 303) throw new Error(`not logged in: ${status}`);
  return browser;
}

/** Has another email sent a link, and follows it. @returns the token of that link */
export async function changeEmail(
  browser: Visitor,
  mails: MailFolder,
  { email, present }: { email: string; present: string },
): Promise<string> {
  await browser.post('/account/email', { email, present });
  const link = await mails.linkFor(email, '/email/confirm');
  const { location } = await browser.post('/account/email/confirm', { link }, `/account/email/confirm?link=${link}`);
  if (location !== '/account/email?done=moved') throw new Error(`the email was not changed: ${location}`);
  return link;
}
