import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { visitor } from './page-visitor.ts';

export const EVE = { email: 'eve@example.com', password: 'a garden of apples' };

/** A gateway with open registration and readable mails. */
export async function pagesGateway(t: ExecutionContext, settings: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mail-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
    mail: { url: `folder:${folder}` },
    ...settings,
    accounts: { passwordCost: 4, cache: '1ms', registration: 'open', ...(settings.accounts as object) },
  });
  const mails = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  /** The path of the newest mailed link of this kind to an address. */
  const linkTo = async (email: string, path: string): Promise<string> => {
    const link = new RegExp(`http://\\S*(/account${path}\\?link=[\\w.-]+)`);
    const found = () => mails().filter((mail) => mail.includes(email) && link.test(mail));
    await holds(`a mail to ${email}`, () => found().length > 0);
    return link.exec(found().at(-1) ?? '')?.[1] ?? '';
  };
  return { gateway, upstream, mails, linkTo, visit: () => visitor(gateway.url) };
}

/** Logs in. @returns the browser */
export async function loggedIn(visit: () => ReturnType<typeof visitor>, who: { email: string; password: string }) {
  const browser = visit();
  const { status } = await browser.post('/account/login', who);
  if (status !== 303) throw new Error(`not logged in: ${status}`);
  return browser;
}

export const linkOf = (path: string) => new URL(path, 'http://x').searchParams.get('link') ?? '';
