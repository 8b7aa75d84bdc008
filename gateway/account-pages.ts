import { setTimeout as pause } from 'node:timers/promises';
import type { HashingQueue } from './accounts/hashing-queue.ts';
import { createOwnerActions } from './accounts/owner/actions.ts';
import { hashPassword } from './accounts/password.ts';
import { sqlAccountStore } from './accounts/store.ts';
import { createAskThrottle } from './accounts/throttle.ts';
import { type AccountPages, type AnswerPage, createAccountPages } from './control/account/app.ts';
import type { OwnTokens } from './control/account/token-routes.ts';
import type { Database } from './database/connection.ts';
import { createMailLimit } from './mail/limit.ts';
import { createMessages } from './mail/messages.ts';
import { createMailer } from './mail/transport.ts';
import { isForPeople, type Logger } from './ops/log.ts';
import type { ProcessRole } from './redis/limiter.ts';
import { redisSessionStore } from './sessions/redis-sessions.ts';
import { sqlSessionStore } from './sessions/sql-sessions.ts';
import type { Settings } from './settings/schema.ts';
import type { Account } from './state.ts';
import { createLinks } from './tokens/link.ts';
import type { RevocationService } from './tokens/revocation-service.ts';

/** What the pages share with the rest of the gateway. */
export interface Shared {
  readonly database: Database;
  readonly revocations: RevocationService;
  readonly secrets: readonly string[];
  readonly hashing: HashingQueue;
  readonly role: ProcessRole;
  readonly log: Logger;
  /** The account whose email and password these are; null: nobody's. Throws GatewayError 429 and 503. */
  readonly checkPassword: AccountPages['checkPassword'];
  /** As it is now. */
  findAccountById(id: string): Promise<Account | null>;
  forget(accountId: string): void;
  readonly tokens: Pick<OwnTokens, 'issue' | 'listLive'>;
  /** Where the gateway listens. */
  url(): string;
}

export interface RunningPages {
  readonly answer: AnswerPage;
  /** Lets mails that are under way leave, for at most `grace` ms. */
  close(grace: number): Promise<void>;
}

/** Milliseconds: how far the clocks of two nodes may lie apart. */
const LONGEST_WAIT = 30_000;
const SWEEP = 60_000;
const SWEEP_ROWS = 1_000;

/** Builds what the pages of account owners need, from stores to mail. */
export function openAccountPages(settings: Settings, shared: Shared): RunningPages {
  const { accounts, pages, mail, redis: redisSettings } = settings;
  const { database, revocations, secrets, hashing, log } = shared;
  const { redis, revoker, mirror } = revocations;
  const sharedRedis = redis && { ...redis, keyPrefix: redisSettings.keyPrefix };
  const ownsTable = accounts.table === undefined;
  const publicUrl = () => pages.url ?? shared.url();
  // Never among log lines that a machine reads.
  const print = (text: string) => void (isForPeople(settings.log) && process.stdout.write(text));
  const mailer = mail.url === null ? null : createMailer({ location: mail.url, from: mail.from, log, print });
  const sqlSessions = sqlSessionStore(database);
  const sweep = setInterval(() => {
    // That the database is out is reported by others.
    sqlSessions.deleteExpired(Date.now(), SWEEP_ROWS).catch(() => {});
  }, SWEEP).unref();

  const actions = ownsTable
    ? createOwnerActions({
        accounts: sqlAccountStore(database),
        hash: (password) => hashPassword(password, accounts.passwordCost),
        inTurn: hashing.run,
        withAccount: revoker.withAccount,
        forget: shared.forget,
        ping: database.ping,
        log,
        links: createLinks({ secrets }),
        mailer: mailer ?? { send() {} },
        limit: createMailLimit(mail.perAddress, sharedRedis, shared.role, log),
        messages: createMessages({ name: pages.name }),
        url: () => publicUrl() + pages.path,
      })
    : null;

  const answer = createAccountPages({
    log,
    settings: pages,
    offers: {
      registration: ownsTable && mailer !== null && accounts.registration === 'open',
      mail: ownsTable && mailer !== null,
      changes: ownsTable,
    },
    secrets,
    sessions: redis === null ? sqlSessions : redisSessionStore(redis.client, redisSettings.keyPrefix),
    actions,
    checkPassword: shared.checkPassword,
    takeAsked: createAskThrottle(accounts.throttle, sharedRedis, shared.role),
    findAccount: shared.findAccountById,
    voidBefore: mirror.voidBefore,
    latestVoidBefore: revocations.voidBefore,
    tokens: {
      ...shared.tokens,
      revoke: revoker.token,
      async endAll(accountId) {
        // Endings are told by the second: a session that follows on one in this second would outlive the next one.
        await reached(await revocations.voidBefore(accountId));
        await revoker.account(accountId);
      },
      lifetime: settings.tokens.lifetime,
      maxLifetime: settings.tokens.maxLifetime,
      url: () => `${publicUrl()}${settings.api.prefix}/tokens/`,
    },
  });

  return {
    answer,
    async close(grace) {
      clearInterval(sweep);
      await actions?.settled();
      await mailer?.close(grace);
    },
  };
}

/** Waits until that moment, or for `LONGEST_WAIT`. A timer alone may fire before the clock says so. */
async function reached(moment: number): Promise<void> {
  const latest = Date.now() + LONGEST_WAIT;
  for (let now = Date.now(); now < Math.min(moment, latest); now = Date.now()) {
    await pause(Math.min(moment, latest) - now);
  }
}
