import type { Browser, Page } from 'playwright-core';
import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import type { Scope } from '../../lab/scope.ts';
import { httpUpstream, type TestUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { linksIn, type MailServer, mailServer } from '../owners/mail-server.ts';
import { type Visitor, visit } from './browser.ts';

/** The minimum: other tests cover the cost of hashes. */
const PASSWORD_COST = 4;

export interface PagesSite {
  readonly gateway: TestGateway;
  readonly upstream: TestUpstream;
  readonly mails: MailServer;
  visit(options?: Parameters<typeof visit>[2]): Promise<Visitor>;
  /** An account that was not registered on the pages. */
  addOwner(email: string, password: string, confirmed: boolean): Promise<void>;
  /** Waits for a mail to the address whose subject contains the word. @returns its link */
  mailedLink(to: string, subject: string): Promise<string>;
}

/** A gateway with account pages, a mail server, and browsers. @param pages the setting `pages` */
export async function pagesSite(
  t: Scope,
  browser: Promise<Browser>,
  pages: Record<string, unknown> = {},
): Promise<PagesSite> {
  const [mails, upstream, port] = await Promise.all([mailServer(t), httpUpstream(t), freePort()]);
  const gateway = await testGateway(t, {
    listen: { port },
    pages: { url: `http://127.0.0.1:${port}`, ...pages },
    mail: { url: mails.url, from: 'Accounts <accounts@example.com>' },
    accounts: { registration: 'open', passwordCost: PASSWORD_COST, cache: '1ms' },
    routes: [{ name: 'example', path: '/api/v1/example', upstream: upstream.url }],
  });
  return {
    gateway,
    upstream,
    mails,
    visit: async (options) => visit(await browser, gateway.url, options),
    async addOwner(email, password, confirmed) {
      await gateway.accounts.add({ email, passwordHash: await hashPassword(password, PASSWORD_COST), confirmed });
    },
    async mailedLink(to, subject) {
      const find = () =>
        mails.received.findLast(
          (mail) => mail.to.includes(to) && new RegExp(`^subject:.*${subject}`, 'im').test(mail.raw),
        );
      await holds(`a mail to ${to} about "${subject}"`, () => find() !== undefined, 10_000);
      return linksIn(find() ?? { text: '' })[0] ?? '';
    },
  };
}

/** Fills the fields with these labels, and submits the form. */
export async function send(page: Page, button: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
  await page.getByRole('button', { name: button, exact: true }).click();
}

export const GRACE = { email: 'grace@example.com', password: 'nine small otters' };

/**
 * Visits every page, from registration to logout.
 *
 * @param look called for each page; `name` is suitable for a file
 */
export async function tourPages(
  { gateway, visit, mailedLink }: PagesSite,
  look: (name: string, page: Page) => Promise<void>,
): Promise<Visitor> {
  const visitor = await visit();
  const { page } = visitor;
  const { email, password } = GRACE;

  await page.goto('/account');
  await look('login', page);
  await send(page, 'Log in', { Email: email, Password: 'something else' });
  await look('login-refused', page);
  await page.goto('/account/register');
  await look('register', page);
  await send(page, 'Register', { Email: 'grace', Password: 'short' });
  await look('register-refused', page);
  await send(page, 'Register', { Email: email, Password: password });
  await look('register-done', page);
  const confirmation = await mailedLink(email, 'Confirm');
  await page.goto('/account/login');
  await send(page, 'Log in', { Email: email, Password: password });
  await look('unconfirmed', page);
  await send(page, 'Send it again');
  await page.goto(confirmation);
  await look('confirm', page);
  await send(page, 'Confirm');

  await look('tokens-none', page);
  await send(page, 'Create a token', { Name: 'Nightly backup' });
  await look('token-created', page);
  await page.getByRole('link', { name: 'Done' }).click();
  for (const name of ['laptop', '']) {
    await page.getByLabel('Expires after').selectOption({ label: name === 'laptop' ? '1 hour' : '7 days' });
    await send(page, 'Create a token', { Name: name });
    await page.getByRole('link', { name: 'Done' }).click();
  }
  await look('tokens', page);
  await withManyTokens(gateway, email, async () => {
    await page.goto('/account?find=report');
    await page.getByRole('link', { name: 'Older' }).click();
    await look('tokens-many', page);
  });
  await page.goto('/account');
  await page.getByRole('link', { name: 'Revoke laptop' }).click();
  await look('token-revoke', page);
  await send(page, 'Revoke the token');
  await look('token-revoked', page);

  await page.goto('/account/password');
  await look('password', page);
  await send(page, 'Change the password', { 'Present password': 'something else', 'New password': 'ten small otters' });
  await look('password-refused', page);
  await page.goto('/account/email');
  await look('email', page);
  await send(page, 'Send the link', { 'New email': 'hopper@example.com', 'Present password': password });
  await look('email-sent', page);
  await page.goto(await mailedLink('hopper@example.com', 'Confirm'));
  await look('email-confirm', page);
  await page.goto('/account/nowhere');
  await look('not-found', page);

  await page.goto('/account/');
  await page.getByRole('link', { name: 'Sign out everywhere' }).click();
  await look('sign-out', page);
  await send(page, 'Sign out everywhere');
  await look('signed-out', page);
  await page.goto('/account/forgotten');
  await look('forgotten', page);
  await send(page, 'Send the link', { Email: email });
  await look('forgotten-sent', page);
  await page.goto(await mailedLink(email, 'Choose'));
  await look('reset', page);
  await page.goto('/account/reset?link=void');
  await look('link-void', page);
  return visitor;
}

/** Gives the account 150 more tokens while `look` runs. */
async function withManyTokens(
  { accounts, database: { sql, query } }: TestGateway,
  email: string,
  look: () => Promise<void>,
): Promise<void> {
  const account = await accounts.findByLogin(email);
  const issued_at = Math.floor(Date.now() / 1000) * 1000;
  const rows = Array.from({ length: 150 }, (_, i) => {
    const [jti, name] = [`one-of-many-${String(i).padStart(3, '0')}`, `Report no. ${i + 1}`];
    return { jti, account_id: account?.id, name, issued_at, expires_at: issued_at + 3_600_000 };
  });
  await query(sql('gatehouse_tokens').insert(rows));
  await look();
  await query(sql('gatehouse_tokens').where('jti', 'like', 'one-of-many-%').delete());
}
