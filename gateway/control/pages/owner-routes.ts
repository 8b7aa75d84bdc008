import type { Account } from '../../domain/account.ts';
import { byField, tooMany } from './form-problems.ts';
import { linkIn, requireMail, showVoidLink } from './mailed-links.ts';
import { noticeOf, noticeQuery } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { type OwnerRoutesDeps, type PageContext, redirect, show } from './page-state.ts';
import { emailPage, passwordPage } from './views/changes.ts';
import { linkPage, messagePage, sentPage } from './views/entry.ts';
import { EMPTY_FORM } from './views/form.ts';

/** Adds the pages on which owners change their accounts. Each change requires the current password. */
export function addOwnerRoutes(
  routes: PageRoutes,
  { actions, checkPassword, countMailRequest, beginSession }: OwnerRoutesDeps,
): void {
  /** @returns the current account if the current password is correct; else the problem, to show beside the field */
  const prove = async (ctx: PageContext, owner: Account, password: string): Promise<Account | string> => {
    if (password === '') return 'Type your present password.';
    try {
      return (
        (await checkPassword(owner.email, password, ctx.state.pageRequest)) ?? 'This is not your present password.'
      );
    } catch (error) {
      return tooMany(ctx, error);
    }
  };

  routes.owned.get('/password', async (ctx) => {
    show(ctx, passwordPage(ctx.state.frame(), EMPTY_FORM, noticeOf(ctx.query)));
  });

  routes.owned.post('/password', async (ctx, form, owner) => {
    const refuse = (problems: Record<string, string>) =>
      show(ctx, passwordPage(ctx.state.frame(), { values: {}, problems }, null), 422);
    const account = await prove(ctx, owner, form.get('present') ?? '');
    if (typeof account === 'string') return refuse({ present: account });
    const outcome = await actions.changePassword(account, form.get('password') ?? '', ctx.state.pageRequest.client);
    if (outcome.kind === 'invalid') return refuse(byField(outcome));
    if (outcome.kind === 'stale') return redirect(ctx, `/login${noticeQuery('again')}`);
    await beginSession(ctx, outcome.account);
    redirect(ctx, `/password${noticeQuery('new-password')}`);
  });

  routes.owned.get('/email', async (ctx) => {
    requireMail(ctx);
    show(ctx, emailPage(ctx.state.frame(), EMPTY_FORM, noticeOf(ctx.query)));
  });

  routes.owned.post('/email', async (ctx, form, owner) => {
    requireMail(ctx);
    const values = { email: form.get('email') ?? '', tokens: form.get('tokens') ?? '' };
    const refuse = (problems: Record<string, string>) =>
      show(ctx, emailPage(ctx.state.frame(), { values, problems }, null), 422);
    const account = await prove(ctx, owner, form.get('present') ?? '');
    if (typeof account === 'string') return refuse({ present: account });
    const refused = await countMailRequest(ctx.state.pageRequest.client).catch((error: unknown) => tooMany(ctx, error));
    if (refused !== undefined) return refuse({ email: refused });
    const outcome = await actions.startEmailChange(account, {
      email: values.email,
      endTokens: values.tokens === 'yes',
    });
    if (outcome.kind === 'invalid') return refuse(byField(outcome));
    const text = `We have sent a message to ${values.email}. Until you follow the link in it, your account keeps its present email.`;
    show(ctx, sentPage(ctx.state.frame(), { text, again: { href: '/email' }, notice: null }));
  });

  // The mail may be opened in a browser that is not logged in.
  routes.get('/email/confirm', async (ctx) => {
    const link = linkIn(ctx);
    const standing = await actions.findLink('email', link);
    if (standing?.change == null) return showVoidLink(ctx);
    const text = `Your account is to have the email ${standing.change.email}.`;
    const details = { title: 'Change your email', text, action: '/email/confirm', button: 'Change it', link };
    show(ctx, linkPage(ctx.state.frame(), details));
  });

  routes.post('/email/confirm', async (ctx, form) => {
    const outcome = await actions.finishEmailChange(form.get('link') ?? '');
    if (outcome.kind === 'void') return showVoidLink(ctx);
    if (outcome.kind === 'taken') {
      const texts = ['Another account has this email.'];
      return show(ctx, messagePage(ctx.state.frame(), { title: 'Your email is not changed', texts, next: null }), 422);
    }
    if (ctx.state.owner?.id !== outcome.account.id) return redirect(ctx, `/login${noticeQuery('new-email')}`);
    await beginSession(ctx, outcome.account);
    redirect(ctx, `/email${noticeQuery('moved')}`);
  });
}
