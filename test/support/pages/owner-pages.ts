import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { type Visitor, visitor } from './page-visitor.ts';

/** Mails that a gateway writes to a temporary folder. */
export interface MailFolder {
  /** The value for `mail.url`. */
  readonly url: string;
  /** Waits for a mail to the address with a link below this path. @returns the token of the newest one */
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

/** Logs in. @returns the browser */
export async function loggedInAt(url: string, who: { email: string; password: string }): Promise<Visitor> {
  const browser = visitor(url);
  const { status } = await browser.post('/account/login', who);
  if (status !== 303) throw new Error(`not logged in: ${status}`);
  return browser;
}

/** Changes the email of an account with a mailed link. @returns the token of that link */
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
