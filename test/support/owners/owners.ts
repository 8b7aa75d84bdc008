import { createHash } from 'node:crypto';
import type { Account } from '../../../gateway/domain/account.ts';
import { UNRESTRICTED } from '../../../gateway/domain/identity.ts';
import { createHashingQueue } from '../../../gateway/identify/passwords/hashing-queue.ts';
import { createOwnerActions, type OwnerActionDeps, type OwnerActions } from '../../../gateway/owners/actions.ts';
import type { Mail } from '../../../gateway/owners/mail/letter.ts';
import { createMailLimit } from '../../../gateway/owners/mail/limit.ts';
import { createMessages } from '../../../gateway/owners/mail/messages.ts';
import { createRevoker } from '../../../gateway/revocation/revoker.ts';
import { createLinks, type Links } from '../../../gateway/signing/link.ts';
import { type AccountStore, sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import type { Database } from '../../../gateway/stores/database/connection.ts';
import { sqlTokenStore } from '../../../gateway/stores/tokens/store.ts';
import type { LogLine } from '../../lab/gateways/gateway.ts';
import type { Scope } from '../../lab/scope.ts';
import { type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';
import { logLines } from '../reports/log-lines.ts';
import { liveTokensOf } from './live-tokens.ts';
import { linksIn } from './mail-server.ts';

export const PAGES = 'https://example.com/account';
const MAX_LIFETIME = 3_600_000;

export interface Owners {
  readonly actions: OwnerActions;
  readonly database: Database;
  readonly accounts: AccountStore;
  readonly links: Links;
  readonly lines: readonly LogLine[];
  /** Waits for all background work. @returns all mails sent so far */
  mails(): Promise<readonly Mail[]>;
  /** The token of the link in the newest mail. */
  lastLink(): Promise<string>;
  /** Adds an account with the password `before` and one live token. */
  add(email: string, confirmed: boolean): Promise<Account>;
  /** The number of the account's live tokens. */
  liveTokens(id: string): Promise<number>;
}

/** A fast hash: other tests cover bcrypt. */
export function quickHash(password: string): string {
  return `quick ${createHash('sha256').update(password).digest('hex')}`;
}

/** The actions of owners on a temporary database. @param replaced other dependencies for a test */
export async function owners(
  t: Scope,
  kind: DatabaseKind,
  replaced: (deps: OwnerActionDeps) => Partial<OwnerActionDeps> = () => ({}),
): Promise<Owners> {
  const database = await migratedDatabase(t, kind);
  const accounts = sqlAccountStore(database);
  const tokens = sqlTokenStore(database);
  const links = createLinks({ secrets: ['a secret of thirty-two bytes or more'] });
  const { log, lines } = logLines();
  const sent: Mail[] = [];
  const deps: OwnerActionDeps = {
    accounts,
    links,
    log,
    mailer: { send: (mail) => void sent.push(mail) },
    limit: createMailLimit(5, null, 'alone', log),
    messages: createMessages({ name: 'Shop' }),
    url: () => PAGES,
    hash: async (password) => quickHash(password),
    inTurn: createHashingQueue({ width: 2, capacity: 8, patience: 10_000 }).run,
    revoker: createRevoker(database, { mirror: null, redis: null, announceRevocation() {} }, Date, MAX_LIFETIME),
    ping: database.ping,
  };
  const actions = createOwnerActions({ ...deps, ...replaced(deps) });
  const mails = async () => {
    await actions.settled();
    return sent;
  };

  return {
    actions,
    database,
    accounts,
    links,
    lines,
    mails,
    async lastLink() {
      const [link = ''] = linksIn((await mails()).at(-1) ?? { text: '' });
      return new URL(link).searchParams.get('link') ?? '';
    },
    async add(email, confirmed) {
      const added = await accounts.add({ email, passwordHash: quickHash('before'), confirmed });
      if (added.kind === 'taken') throw new Error('the email is taken');
      const { account } = added;
      const now = Date.now();
      await tokens.record({
        jti: `of ${account.id}`,
        accountId: account.id,
        name: null,
        issuedAt: now,
        expiresAt: now + MAX_LIFETIME,
        bond: null,
        ...UNRESTRICTED,
      });
      return account;
    },
    liveTokens: async (id) => (await liveTokensOf(database, id, Date.now())).length,
  };
}
