import type { Scopes } from '../access/scopes.ts';
import { type AnswerPage, createAccountPages } from '../control/pages/app.ts';
import { loginField } from '../control/pages/login-field.ts';
import { passwordCheck } from '../control/pages/password-check.ts';
import type { TokenRoutesDeps } from '../control/pages/token-routes.ts';
import type { IdentifyMeter } from '../identify/identify.ts';
import type { HashingQueue } from '../identify/passwords/hashing-queue.ts';
import { hashPassword } from '../identify/passwords/password.ts';
import { createMailRequestThrottle } from '../identify/passwords/throttle.ts';
import { isForPeople, type Logger, print } from '../ops/log.ts';
import { createOwnerActions } from '../owners/actions.ts';
import { createMailLimit } from '../owners/mail/limit.ts';
import { createMailer } from '../owners/mail/mailer.ts';
import { createMessages } from '../owners/mail/messages.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { createLinks } from '../signing/link.ts';
import { sqlAccountStore } from '../stores/accounts/store.ts';
import type { LiveTokens } from '../stores/tokens/live-tokens.ts';
import type { Identification } from './identification.ts';
import type { Stores } from './stores.ts';

/** What the pages share with the rest of the gateway. */
export interface PageServices {
  readonly stores: Stores;
  readonly hashing: HashingQueue;
  readonly log: Logger;
  readonly issue: TokenRoutesDeps['issue'];
  readonly live: LiveTokens;
  /** The scopes of the present configuration. */
  scopes(): Scopes;
  readonly byPassword: Identification['byPassword'];
  readonly loginEnded: Identification['standing']['ofLogin'];
  /** Counts the outcomes of logins. */
  readonly meter: IdentifyMeter;
  /** Where the gateway listens. */
  url(): string;
}

export interface RunningPages {
  readonly answer: AnswerPage;
  /**
   * Finishes background work of answered requests, then sends pending mails. Abandons what is unfinished after `ms`
   * milliseconds.
   */
  close(ms: number): Promise<void>;
}

/** Milliseconds for pending mails after everything else has closed. */
const MAIL_GRACE = 2_000;

/** Builds what the pages of account owners need, from stores to mail. */
export function openAccountPages(settings: Settings, shared: PageServices): RunningPages {
  const { accounts, pages, mail } = settings;
  const { stores, hashing, log, byPassword, loginEnded, meter } = shared;
  const { database, revocations, secrets, redis, role } = stores;
  const { revoker } = revocations;
  const ownsTable = accounts.table === undefined;
  const publicUrl = () => pages.url ?? shared.url();
  // Mails are printed only in logs for people, never in JSON logs.
  const show = (text: string) => {
    if (isForPeople(settings.log)) print(log, text);
  };
  const mailer = mail.url === null ? null : createMailer({ location: mail.url, from: mail.from, log, print: show });
  const { clock } = revocations;

  const actions = ownsTable
    ? createOwnerActions({
        accounts: sqlAccountStore(database),
        hash: (password) => hashPassword(password, accounts.passwordCost),
        inTurn: hashing.run,
        revoker,
        ping: database.ping,
        log,
        links: createLinks({ secrets }, clock.now),
        mailer: mailer ?? { send() {} },
        limit: createMailLimit(mail.perAddress, redis, role, log),
        messages: createMessages({ name: pages.name }),
        url: () => publicUrl() + pages.path,
      })
    : null;

  const answer = createAccountPages({
    log,
    settings: pages,
    usesTls: settings.listen.tls !== undefined,
    offers: {
      registration: ownsTable && mailer !== null && accounts.registration === 'open',
      mail: ownsTable && mailer !== null,
      changes: ownsTable,
    },
    login: loginField(accounts),
    secrets,
    sessions: stores.sessions,
    actions,
    checkPassword: passwordCheck(byPassword, meter),
    countMailRequest: createMailRequestThrottle(accounts.throttle, redis, role),
    // Reads the database, not the cache: a change on another node must neither keep an old session valid nor end a new one.
    findAccount: stores.accounts.findById,
    loginEnded,
    now: clock.now,
    readCutoff: revocations.readCutoff,
    tokens: {
      issue: shared.issue,
      live: shared.live,
      scopes: shared.scopes,
      revoke: (jti, owner) => revoker.token(jti, owner, null),
      endAll: revocations.endAll,
      lifetime: settings.tokens.lifetime,
      maxLifetime: settings.tokens.maxLifetime,
      url: () => `${publicUrl()}${settings.api.prefix}/tokens/`,
    },
  });

  return {
    answer,
    async close(ms) {
      const until = performance.now() + ms;
      // Reserves half of the time for mails, so that a hung database does not cost those that are ready to send.
      await actions?.close(ms / 2);
      await mailer?.close(Math.max(0, Math.min(MAIL_GRACE, until - performance.now())));
    },
  };
}
