import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import type { Account } from '../../domain/account.ts';
import type { GatewayError } from '../../domain/errors.ts';
import type { ReadCutoff } from '../../domain/identity.ts';
import type { PageRequest } from '../../domain/request-record.ts';
import { mustCloseAfterAnswer } from '../../http/early-answer.ts';
import { asGatewayError } from '../../http/error-answer.ts';
import type { Standing } from '../../identify/standing.ts';
import type { Logger } from '../../ops/log.ts';
import type { OwnerActions } from '../../owners/actions.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import type { SessionStore } from '../../stores/sessions/session-store.ts';
import { createAssets } from './assets.ts';
import { formGuard } from './csrf.ts';
import { tokenHandover } from './handed-token.ts';
import type { LoginField } from './login-field.ts';
import { addLoginRoutes } from './login-routes.ts';
import { addOwnerRoutes } from './owner-routes.ts';
import { createPageRoutes } from './page-routes.ts';
import { type OwnerRoutesDeps, type PageContext, type PageState, reportFailure, show } from './page-state.ts';
import { addRegistrationRoutes } from './registration-routes.ts';
import { addResetRoutes } from './reset-routes.ts';
import { logIn, logOut, sessionOf, useSessions } from './session.ts';
import { addTokenRoutes, type TokenRoutesDeps } from './token-routes.ts';
import { messagePage } from './views/entry.ts';
import type { Frame, Offers } from './views/layout.ts';

export interface AccountPagesDeps {
  readonly log: Logger;
  readonly settings: Settings['pages'];
  /** Whether the public listener uses TLS. */
  readonly usesTls: boolean;
  readonly offers: Offers;
  readonly login: LoginField;
  /** The token secrets. */
  readonly secrets: readonly string[];
  readonly sessions: SessionStore;
  /** null if the accounts are in an application's table. */
  readonly actions: OwnerActions | null;
  readonly checkPassword: OwnerRoutesDeps['checkPassword'];
  readonly countMailRequest: OwnerRoutesDeps['countMailRequest'];
  findAccount(id: string): Promise<Account | null>;
  /** Why a login is no longer accepted; null: it is. */
  loginEnded: Standing['ofLogin'];
  /** The database's time in ms since 1970, which all nodes share. */
  now(): number;
  readonly readCutoff: ReadCutoff;
  readonly tokens: TokenRoutesDeps;
}

/** Answers requests to the pages. */
export type AnswerPage = (req: IncomingMessage, res: ServerResponse, request: PageRequest) => Promise<void>;

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  // Not `no-referrer`: browsers would then send `Origin: null` with the pages' own forms.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/**
 * The account pages. A separate Koa app, since koa-session modifies its app. Sessions of the pages do not authenticate API
 * requests.
 */
export function createAccountPages(deps: AccountPagesDeps): AnswerPage {
  const { settings, offers, secrets, actions, checkPassword, countMailRequest } = deps;
  const { path, name } = settings;
  const origin = settings.url ?? null;
  const isSecure = origin?.startsWith('https:') ?? deps.usesTls;
  const assets = createAssets(settings);
  const guard = formGuard({ secrets, origin, isSecure });
  const pageRequests = new WeakMap<IncomingMessage, PageRequest>();
  const routes = createPageRoutes(path, guard);
  const beginSession: OwnerRoutesDeps['beginSession'] = async (ctx, { id, logins, stamp }) => {
    // An earlier cutoff must not end this new session.
    const createdAt = Math.max(await deps.readCutoff(id), deps.now());
    ctx.state.pageRequest.onOwner(id);
    await logIn(ctx, { accountId: id, logins, stamp, createdAt });
  };
  addTokenRoutes(routes, deps.tokens, tokenHandover(deps.sessions));
  addLoginRoutes(routes, { checkPassword, beginSession }, deps.login);
  if (actions !== null) {
    const owners = { actions, checkPassword, countMailRequest, beginSession };
    addRegistrationRoutes(routes, owners);
    addResetRoutes(routes, owners);
    addOwnerRoutes(routes, owners);
  }

  const app = new Koa<PageState>();
  app.use(answerErrors);
  app.use(assets.serve);
  useSessions(app, {
    store: deps.sessions,
    secrets,
    isSecure,
    lifetime: settings.session.lifetime,
  });
  app.use(findOwner);
  app.use((ctx) => routes.answer(ctx));
  app.on('error', (error) => deps.log.debug({ err: error }, 'page not delivered'));
  const answer = app.callback();

  return async (req, res, request) => {
    pageRequests.set(req, request);
    await answer(req, res);
  };

  async function answerErrors(ctx: PageContext, next: Koa.Next): Promise<void> {
    const request = pageRequests.get(ctx.req);
    if (request === undefined) throw new TypeError('a page without a request');
    ctx.url = request.url;
    ctx.state.pageRequest = request;
    ctx.state.path = path;
    ctx.state.owner = null;
    ctx.set({ ...HEADERS, 'X-Request-Id': request.requestId });
    try {
      await next();
    } catch (thrown) {
      const error = asGatewayError(thrown);
      reportFailure(ctx, error);
      show(ctx, errorPage(error, request.requestId), error.status);
    }
    if (mustCloseAfterAnswer(ctx.req, ctx.res, ctx.req.headers.expect !== undefined)) ctx.set('Connection', 'close');
  }

  async function findOwner(ctx: PageContext, next: Koa.Next): Promise<void> {
    const session = sessionOf(ctx);
    if (session !== null) {
      const account = await deps.findAccount(session.accountId);
      if (account !== null && deps.loginEnded(session, account) === null) {
        ctx.state.owner = account;
        ctx.state.pageRequest.onOwner(account.id);
      } else {
        await logOut(ctx);
      }
    }
    ctx.state.frame = () => frameFor(ctx.state.owner, guard.formToken(ctx));
    await next();
  }

  function frameFor(owner: Account | null, formToken: string): Frame {
    const brand = { name, logo: assets.logo };
    return { brand, path, version: assets.version, formToken, owner, offers };
  }

  /** Without a form: the failure may prevent creating its CSRF token. */
  function errorPage(error: GatewayError, requestId: string) {
    const texts = [...(error.status === 503 ? ['Please try again in a moment.'] : []), `Request ${requestId}.`];
    const next = error.status < 500 ? { href: '', text: 'To your account' } : null;
    return messagePage(frameFor(null, ''), { title: error.publicMessage, texts, next });
  }
}
