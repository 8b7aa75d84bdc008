import type { Account } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { OwnerActions } from '../../owners/actions.ts';
import { byField, tooMany } from './form-problems.ts';
import { noticeOf, noticeQuery } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { type PageContext, redirect, show } from './page-state.ts';
import type { CheckPassword } from './password-check.ts';
import { logOut } from './session.ts';
import {
  forgottenPage,
  linkPage,
  loginPage,
  messagePage,
  registerPage,
  resetPage,
  sentPage,
  unconfirmedPage,
} from './views/entry.ts';
import { EMPTY_FORM, type FilledForm } from './views/form.ts';
import type { Notice } from './views/layout.ts';

export interface EntryDeps {
  readonly checkPassword: CheckPassword;
  /** Counts mails that the client requests. @throws GatewayError 429 above the limit */
  countMailRequest(client: string): Promise<void>;
  /** Begins a session for the account. */
  begin(ctx: PageContext, account: Account): Promise<void>;
  /** null where the accounts are an application's. */
  readonly actions: OwnerActions | null;
}

/** Adds the pages for visitors who are not logged in, or not confirmed yet: login, registration, confirmation, reset. */
export function addEntryRoutes(
  routes: PageRoutes,
  { checkPassword, countMailRequest, begin, actions }: EntryDeps,
): void {
  routes.get('/login', async (ctx) => {
    if (ctx.state.owner !== null) redirect(ctx, '');
    else show(ctx, loginPage(ctx.state.frame(), EMPTY_FORM, noticeOf(ctx.query)));
  });

  routes.post('/login', async (ctx, form) => {
    const [email = '', password = ''] = [form.get('email'), form.get('password')];
    const refuse = (problems: FilledForm['problems'], status = 422) =>
      show(ctx, loginPage(ctx.state.frame(), { values: { email }, problems }, null), status);
    if (email === '') return refuse({ email: 'Type the email of your account.' });
    if (password === '') return refuse({ password: 'Type your password.' });
    try {
      const account = await checkPassword(email, password, ctx.state.pageRequest);
      if (account === null) return refuse({ password: 'There is no account with this email and this password.' });
      await begin(ctx, account);
      redirect(ctx, '');
    } catch (error) {
      refuse({ password: tooMany(ctx, error) }, 429);
    }
  });

  routes.post('/logout', async (ctx) => {
    await logOut(ctx);
    redirect(ctx, `/login${noticeQuery('logged-out')}`);
  });

  if (actions === null) return;

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
    if (outcome.kind === 'void') return show(ctx, voidLink(ctx), 422);
    if (ctx.state.owner === null) return redirect(ctx, `/login${noticeQuery('confirmed')}`);
    // Being confirmed ends what was begun before, this session too.
    const account = outcome.kind === 'confirmed' ? outcome.account : null;
    if (account?.id === ctx.state.owner.id) await begin(ctx, account);
    redirect(ctx, noticeQuery('ready'));
  });

  /** @returns the problem with the status of its answer; null: accepted, and sent if there is anything to send */
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
    // A new user is not logged in, so the form carries the address.
    const email = owner?.email ?? form.get('email');
    if (email === undefined) return redirect(ctx, `/login${noticeQuery('again')}`);
    requireMail(ctx);
    const problem = owner?.confirmed === true ? null : await confirmAgain(ctx, email);
    if (owner !== null && problem === null) return redirect(ctx, noticeQuery('sent'));
    const notice = problem === null ? noticeOf({ done: 'sent' }) : ({ kind: 'problem', text: problem.text } as const);
    const page = owner === null ? registrationSent(ctx, email, notice) : unconfirmedPage(ctx.state.frame(), notice);
    show(ctx, page, problem?.status ?? 200);
  });

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
    if ((await actions.findLink('reset', link)) === null) return show(ctx, voidLink(ctx), 422);
    show(ctx, resetPage(ctx.state.frame(), EMPTY_FORM, link));
  });

  routes.post('/reset', async (ctx, form) => {
    const link = form.get('link') ?? '';
    const outcome = await actions.finishReset(link, form.get('password') ?? '', ctx.state.pageRequest.client);
    if (outcome.kind === 'void') return show(ctx, voidLink(ctx), 422);
    if (outcome.kind === 'invalid') {
      return show(ctx, resetPage(ctx.state.frame(), { values: {}, problems: byField(outcome) }, link), 422);
    }
    redirect(ctx, `/login${noticeQuery('new-password')}`);
  });
}

/** The first page of an owner who is logged in and not confirmed. */
export function showUnconfirmed(ctx: PageContext): void {
  show(ctx, unconfirmedPage(ctx.state.frame(), noticeOf(ctx.query)));
}

/** The token of a mailed link. */
export function linkIn(ctx: PageContext): string {
  return typeof ctx.query.link === 'string' ? ctx.query.link : '';
}

export function voidLink(ctx: PageContext) {
  const { owner } = ctx.state;
  const texts = ['It has been used before, is too old, or was made for an account that has changed since.'];
  const next = { href: owner === null ? '/login' : '', text: owner === null ? 'Log in' : 'To your account' };
  return messagePage(ctx.state.frame(), { title: 'This link is not good any more', texts, next });
}

/** The same whether or not the address has an account. */
function registrationSent(ctx: PageContext, email: string, notice: Notice | null) {
  const text = `We have sent a message to ${email}. Follow the link in it to confirm that the address is yours.`;
  return sentPage(ctx.state.frame(), { text, again: { action: '/confirm/again', email }, notice });
}

export function requireMail(ctx: PageContext): void {
  if (!ctx.state.frame().offers.mail) throw new GatewayError('not_found', 'there is no mail');
}
