import { GatewayError } from '../../domain/errors.ts';
import { byField, tooMany } from './form-problems.ts';
import { linkIn, requireMail, showVoidLink } from './mailed-links.ts';
import { noticeOf, noticeQuery } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { type OwnerRoutesDeps, type PageContext, redirect, show } from './page-state.ts';
import { linkPage, registerPage, sentPage, unconfirmedPage } from './views/entry.ts';
import { EMPTY_FORM, type FilledForm } from './views/form.ts';
import type { Notice } from './views/layout.ts';

/** Adds the pages to register an account, and to confirm its email. */
export function addRegistrationRoutes(
  routes: PageRoutes,
  { actions, countMailRequest, beginSession }: Omit<OwnerRoutesDeps, 'checkPassword'>,
): void {
  routes.get('/register', async (ctx) => {
    if (!ctx.state.frame().offers.registration) throw new GatewayError('not_found', 'registration is closed');
    show(ctx, registerPage(ctx.state.frame(), EMPTY_FORM));
  });

  routes.post('/register', async (ctx, form) => {
    if (!ctx.state.frame().offers.registration) throw new GatewayError('not_found', 'registration is closed');
    const email = form.get('email') ?? '';
    const refuse = (problems: FilledForm['problems'], status = 422) =>
      show(ctx, registerPage(ctx.state.frame(), { values: { email }, problems }), status);
    const { client } = ctx.state.pageRequest;
    const refused = await countMailRequest(client).catch((error: unknown) => tooMany(ctx, error));
    if (refused !== undefined) return refuse({ email: refused }, 429);
    const outcome = await actions.register(email, form.get('password') ?? '', client);
    if (outcome.kind === 'invalid') return refuse(byField(outcome));
    show(ctx, registrationSent(ctx, email, null));
  });

  routes.get('/confirm', async (ctx) => {
    const link = linkIn(ctx);
    const details = { title: 'Confirm your email', text: 'One click, and your account is ready.', action: '/confirm' };
    show(ctx, linkPage(ctx.state.frame(), { ...details, button: 'Confirm', link }));
  });

  routes.post('/confirm', async (ctx, form) => {
    const outcome = await actions.confirm(form.get('link') ?? '');
    if (outcome.kind === 'void') return showVoidLink(ctx);
    if (ctx.state.owner === null) return redirect(ctx, `/login${noticeQuery('confirmed')}`);
    // Confirming ends earlier sessions, also this one.
    const account = outcome.kind === 'confirmed' ? outcome.account : null;
    if (account?.id === ctx.state.owner.id) await beginSession(ctx, account);
    redirect(ctx, noticeQuery('ready'));
  });

  /** @returns the problem with the status of the response; null: accepted, and a mail is sent if there is one to send */
  const confirmAgain = async (ctx: PageContext, email: string) => {
    try {
      await countMailRequest(ctx.state.pageRequest.client);
      const outcome = await actions.sendConfirmationAgain(email);
      if (outcome.kind === 'accepted') return null;
      return { text: outcome.problems.map(({ text }) => text).join(' '), status: 422 };
    } catch (error) {
      return { text: tooMany(ctx, error), status: 429 };
    }
  };

  routes.post('/confirm/again', async (ctx, form) => {
    const { owner } = ctx.state;
    // A new user is not logged in, so the form contains the address.
    const email = owner?.email ?? form.get('email');
    if (email === undefined) return redirect(ctx, `/login${noticeQuery('again')}`);
    requireMail(ctx);
    const problem = owner?.confirmed === true ? null : await confirmAgain(ctx, email);
    if (owner !== null && problem === null) return redirect(ctx, noticeQuery('sent'));
    const notice = problem === null ? noticeOf({ done: 'sent' }) : ({ kind: 'problem', text: problem.text } as const);
    const page = owner === null ? registrationSent(ctx, email, notice) : unconfirmedPage(ctx.state.frame(), notice);
    show(ctx, page, problem?.status ?? 200);
  });
}

/** The start page of an owner who is logged in but not confirmed. */
export function showUnconfirmed(ctx: PageContext): void {
  show(ctx, unconfirmedPage(ctx.state.frame(), noticeOf(ctx.query)));
}

/** The same whether or not the address has an account. */
function registrationSent(ctx: PageContext, email: string, notice: Notice | null) {
  const text = `We have sent a message to ${email}. Follow the link in it to confirm that the address is yours.`;
  return sentPage(ctx.state.frame(), { text, again: { action: '/confirm/again', email }, notice });
}
