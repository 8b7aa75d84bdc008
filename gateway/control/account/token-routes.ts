import type { IssueToken } from '../issue-token.ts';
import { tokenNameProblem } from '../issue-token.ts';
import { showUnconfirmed } from './entry-routes.ts';
import { noticeOf, saying } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { goTo, type PageContext, show } from './page-state.ts';
import { logOut } from './session.ts';
import { EMPTY, type Filled } from './views/form.ts';
import type { Notice } from './views/layout.ts';
import { createdPage, type Lifetime, type ListedToken, tokensPage } from './views/tokens.ts';

export interface OwnTokens {
  readonly issue: IssueToken;
  listLive(accountId: string): Promise<readonly ListedToken[]>;
  /** Resolves when it is durable. */
  revoke(id: string, accountId: string): Promise<'revoked' | 'already' | 'unknown'>;
  /** Ends all tokens and sessions of the account. Resolves when it is durable. */
  endAll(accountId: string): Promise<unknown>;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly maxLifetime: number;
  /** The address of an endpoint that a token can be tried on. */
  url(): string;
}

/** A page of ten thousands would hold up everybody else while it is made. */
const MOST_LISTED = 500;
const NOT_ALL: Notice = {
  kind: 'problem',
  text: `You have more than ${MOST_LISTED} tokens: these are the newest. Signing out everywhere ends them all.`,
};
const DAY = 86_400;
const LIFETIMES: readonly Lifetime[] = [
  { seconds: 3_600, text: '1 hour' },
  { seconds: DAY, text: '1 day' },
  { seconds: 7 * DAY, text: '7 days' },
  { seconds: 30 * DAY, text: '30 days' },
  { seconds: 90 * DAY, text: '90 days' },
  { seconds: 365 * DAY, text: '1 year' },
];

/** The owner's tokens: the first page of whoever is logged in. */
export function addTokenRoutes(routes: PageRoutes, tokens: OwnTokens): void {
  const longest = Math.floor(tokens.maxLifetime / 1000);
  const lifetimes = LIFETIMES.filter(({ seconds }) => seconds <= longest);
  if (lifetimes.length === 0) lifetimes.push({ seconds: longest, text: `${longest} seconds` });
  const usual = String(lifetimes.findLast(({ seconds }) => seconds * 1000 <= tokens.lifetime)?.seconds ?? '');

  const list = async (ctx: PageContext, accountId: string, filled: Filled, status = 200) => {
    const newest = (await tokens.listLive(accountId)).toReversed();
    const notice = noticeOf(ctx.query) ?? (newest.length > MOST_LISTED ? NOT_ALL : null);
    const listed = newest.slice(0, MOST_LISTED);
    show(ctx, tokensPage(ctx.state.frame(), { tokens: listed, lifetimes, filled, notice }), status);
  };

  routes.get('', async (ctx) => {
    const { owner } = ctx.state;
    if (owner === null) return goTo(ctx, '/login');
    if (!owner.confirmed) return showUnconfirmed(ctx);
    await list(ctx, owner.id, { ...EMPTY, values: { lifetime: usual } });
  });

  routes.owned.post('/tokens', async (ctx, form, owner) => {
    const values = { name: (form.get('name') ?? '').trim(), lifetime: form.get('lifetime') ?? '' };
    const chosen = lifetimes.find(({ seconds }) => String(seconds) === values.lifetime);
    const nameProblem = tokenNameProblem(values.name);
    if (nameProblem !== null || chosen === undefined) {
      const problems = {
        ...(nameProblem !== null && { name: `The name ${nameProblem}.` }),
        ...(chosen === undefined && { lifetime: 'Choose one of these.' }),
      };
      return await list(ctx, owner.id, { values, problems }, 422);
    }
    const name = values.name === '' ? null : values.name;
    const token = await tokens.issue(owner, { name, lifetime: chosen.seconds });
    show(ctx, createdPage(ctx.state.frame(), { name, token, curl: `curl -u '${token}:' ${tokens.url()}` }));
  });

  routes.owned.post('/tokens/:id/revoke', async (ctx, _form, owner) => {
    const outcome = await tokens.revoke(ctx.params.id ?? '', owner.id);
    goTo(ctx, saying(outcome === 'unknown' ? 'no-token' : 'revoked'));
  });

  routes.owned.post('/everywhere', async (ctx, _form, owner) => {
    await tokens.endAll(owner.id);
    await logOut(ctx);
    goTo(ctx, `/login${saying('everywhere')}`);
  });
}
