import type { Scopes } from '../../access/scopes.ts';
import type { Account } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import { UNRESTRICTED } from '../../domain/identity.ts';
import type { LiveTokens } from '../../stores/tokens/live-tokens.ts';
import type { IssueToken } from '../issue-token.ts';
import { isTokenName, TOKEN_NAME_RULE } from '../issue-token.ts';
import type { NewToken, TokenHandover } from './handed-token.ts';
import { noticeOf, noticeQuery } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { type PageContext, redirect, reportFailure, show } from './page-state.ts';
import { showUnconfirmed } from './registration-routes.ts';
import { logOut, sessionIdOf } from './session.ts';
import { MOST_COUNTED, readTokenList } from './token-list.ts';
import { EMPTY_FORM, type FilledForm } from './views/form.ts';
import type { Notice } from './views/layout.ts';
import { boxOf } from './views/scope.ts';
import { createdPage, everywherePage, revokePage } from './views/token-steps.ts';
import { type Lifetime, tokensPage } from './views/tokens.ts';

export interface TokenRoutesDeps {
  readonly issue: IssueToken;
  readonly live: LiveTokens;
  /** The scopes of the present configuration. */
  scopes(): Scopes;
  /** Resolves when the revocation is durable. */
  revoke(id: string, accountId: string): Promise<'revoked' | 'already' | 'unknown'>;
  /** Revokes all tokens and sessions of the account. Resolves when that is durable. */
  endAll(accountId: string): Promise<unknown>;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly maxLifetime: number;
  /** The URL of an endpoint for trying a token. */
  url(): string;
}

const DAY = 86_400;
const LIFETIMES: readonly Lifetime[] = [
  { seconds: 3_600, text: '1 hour' },
  { seconds: DAY, text: '1 day' },
  { seconds: 7 * DAY, text: '7 days' },
  { seconds: 30 * DAY, text: '30 days' },
  { seconds: 90 * DAY, text: '90 days' },
  { seconds: 365 * DAY, text: '1 year' },
];

/** Adds the pages of the owner's tokens. The list is the start page after a login. */
export function addTokenRoutes(routes: PageRoutes, tokens: TokenRoutesDeps, handover: TokenHandover): void {
  const longest = Math.floor(tokens.maxLifetime / 1000);
  const lifetimes = LIFETIMES.filter(({ seconds }) => seconds <= longest);
  if (lifetimes.length === 0) lifetimes.push({ seconds: longest, text: `${longest} seconds` });
  const usual = String(lifetimes.findLast(({ seconds }) => seconds * 1000 <= tokens.lifetime)?.seconds ?? '');

  const list = async (
    ctx: PageContext,
    owner: Account,
    {
      filled,
      notice = noticeOf(ctx.query),
      status = 200,
    }: { filled: FilledForm; notice?: Notice | null; status?: number },
  ) => {
    const listed = await readTokenList(tokens.live, owner, ctx.query);
    const scopes = { all: tokens.scopes().all, allowed: tokens.scopes().allowed(owner) };
    show(ctx, tokensPage(ctx.state.frame(), { listed, lifetimes, scopes, filled, notice }), status);
  };

  routes.get('', async (ctx) => {
    const { owner } = ctx.state;
    if (owner === null) return redirect(ctx, '/login');
    if (!owner.confirmed) return showUnconfirmed(ctx);
    await list(ctx, owner, { filled: { ...EMPTY_FORM, values: { lifetime: usual } } });
  });

  // The URL of a browser after a form with a problem.
  routes.owned.get('/tokens', async (ctx) => redirect(ctx, ctx.search));

  routes.owned.post('/tokens', async (ctx, form, owner) => {
    const allowed = tokens.scopes().allowed(owner);
    const ticked = allowed.map(({ name }) => name).filter((name) => form.has(boxOf(name)));
    const values = {
      name: (form.get('name') ?? '').trim(),
      lifetime: form.get('lifetime') ?? '',
      scope: ticked.join(' '),
    };
    const isScoped = allowed.length === 0 || ticked.length > 0;
    const chosen = lifetimes.find(({ seconds }) => String(seconds) === values.lifetime);
    const isNamed = isTokenName(values.name);
    if (!isNamed || chosen === undefined || !isScoped) {
      const problems = {
        ...(!isNamed && { name: `The name ${TOKEN_NAME_RULE}.` }),
        ...(chosen === undefined && { lifetime: 'Choose one of these.' }),
        ...(!isScoped && { scope: 'Choose at least one.' }),
      };
      return await list(ctx, owner, { filled: { values, problems }, status: 422 });
    }
    const name = values.name === '' ? null : values.name;
    try {
      // Without a box, the token may do what its account may.
      const scope = allowed.length === 0 ? null : ticked;
      const wish = { name, lifetime: chosen.seconds, ...UNRESTRICTED, scope };
      const { jti, token } = await tokens.issue(owner, wish);
      await handOver(ctx, owner, jti, { name, token, scope });
      redirect(ctx, `/tokens/${jti}/created`);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.status >= 500) throw error;
      reportFailure(ctx, error);
      const notice: Notice = { kind: 'problem', text: `No token was created. ${error.publicMessage}.` };
      await list(ctx, owner, { filled: { values, problems: {} }, notice, status: error.status });
    }
  });

  /** Revokes a new token that cannot be shown to its owner. */
  const handOver = async (ctx: PageContext, owner: Account, jti: string, made: NewToken) => {
    try {
      await handover.put(sessionOf(ctx), jti, made);
    } catch (error) {
      await tokens.revoke(jti, owner.id).catch(() => {});
      throw error;
    }
  };

  routes.owned.get('/tokens/:id/created', async (ctx) => {
    // HEAD must not consume the token.
    const made = ctx.method === 'GET' ? await handover.take(sessionOf(ctx), ctx.params.id ?? '') : null;
    if (made === null) return redirect(ctx, noticeQuery('shown'));
    const curl = `curl -u '${made.token}:' ${tokens.url()}`;
    show(ctx, createdPage(ctx.state.frame(), { ...made, curl, scopes: tokens.scopes().all }));
  });

  routes.owned.get('/tokens/:id/revoke', async (ctx, owner) => {
    const token = await tokens.live.find(owner, ctx.params.id ?? '');
    if (token === null) return redirect(ctx, noticeQuery('no-token'));
    show(ctx, revokePage(ctx.state.frame(), token));
  });

  routes.owned.post('/tokens/:id/revoke', async (ctx, _form, owner) => {
    const outcome = await tokens.revoke(ctx.params.id ?? '', owner.id);
    redirect(ctx, noticeQuery(outcome === 'unknown' ? 'no-token' : 'revoked'));
  });

  routes.owned.get('/everywhere', async (ctx, owner) => {
    const count = await tokens.live.count(owner, MOST_COUNTED);
    show(ctx, everywherePage(ctx.state.frame(), count, noticeOf(ctx.query)));
  });

  routes.owned.post('/everywhere', async (ctx, _form, owner) => {
    await tokens.endAll(owner.id);
    await logOut(ctx);
    redirect(ctx, `/login${noticeQuery('everywhere')}`);
  });
}

/** The id of the owner's session. */
function sessionOf(ctx: PageContext): string {
  const id = sessionIdOf(ctx);
  if (id === null) throw new TypeError('an owner without a session');
  return id;
}
