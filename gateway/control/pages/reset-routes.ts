import { byField, tooMany } from './form-problems.ts';
import { linkIn, requireMail, showVoidLink } from './mailed-links.ts';
import { noticeQuery } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { type OwnerRoutesDeps, redirect, show } from './page-state.ts';
import { forgottenPage, resetPage, sentPage } from './views/entry.ts';
import { EMPTY_FORM, type FilledForm } from './views/form.ts';

/** Adds the pages to set a new password by a mailed link. */
export function addResetRoutes(
  routes: PageRoutes,
  { actions, countMailRequest }: Pick<OwnerRoutesDeps, 'actions' | 'countMailRequest'>,
): void {
  routes.get('/forgotten', async (ctx) => {
    requireMail(ctx);
    show(ctx, forgottenPage(ctx.state.frame(), EMPTY_FORM));
  });

  routes.post('/forgotten', async (ctx, form) => {
    requireMail(ctx);
    const email = form.get('email') ?? '';
    const refuse = (problems: FilledForm['problems'], status = 422) =>
      show(ctx, forgottenPage(ctx.state.frame(), { values: { email }, problems }), status);
    const refused = await countMailRequest(ctx.state.pageRequest.client).catch((error: unknown) => tooMany(ctx, error));
    if (refused !== undefined) return refuse({ email: refused }, 429);
    const outcome = await actions.startReset(email);
    if (outcome.kind === 'invalid') return refuse(byField(outcome));
    const text = `If ${email} is the email of an account, we have sent a message there, with a link to set a new password.`;
    show(ctx, sentPage(ctx.state.frame(), { text, again: { action: '/forgotten', email }, notice: null }));
  });

  routes.get('/reset', async (ctx) => {
    const link = linkIn(ctx);
    if ((await actions.findLink('reset', link)) === null) return showVoidLink(ctx);
    show(ctx, resetPage(ctx.state.frame(), EMPTY_FORM, link));
  });

  routes.post('/reset', async (ctx, form) => {
    const link = form.get('link') ?? '';
    const outcome = await actions.finishReset(link, form.get('password') ?? '', ctx.state.pageRequest.client);
    if (outcome.kind === 'void') return showVoidLink(ctx);
    if (outcome.kind === 'invalid') {
      return show(ctx, resetPage(ctx.state.frame(), { values: {}, problems: byField(outcome) }, link), 422);
    }
    redirect(ctx, `/login${noticeQuery('new-password')}`);
  });
}
