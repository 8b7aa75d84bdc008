import { tooMany } from './form-problems.ts';
import type { LoginField } from './login-field.ts';
import { noticeOf, noticeQuery } from './notices.ts';
import type { PageRoutes } from './page-routes.ts';
import { type OwnerRoutesDeps, redirect, show } from './page-state.ts';
import { logOut } from './session.ts';
import { loginPage } from './views/entry.ts';
import { EMPTY_FORM, type FilledForm } from './views/form.ts';

/** Adds the pages to log in and out. */
export function addLoginRoutes(
  routes: PageRoutes,
  { checkPassword, beginSession }: Pick<OwnerRoutesDeps, 'checkPassword' | 'beginSession'>,
  login: LoginField,
): void {
  const named = login.label.toLowerCase();
  routes.get('/login', async (ctx) => {
    if (ctx.state.owner !== null) redirect(ctx, '');
    else show(ctx, loginPage(ctx.state.frame(), login, EMPTY_FORM, noticeOf(ctx.query)));
  });

  routes.post('/login', async (ctx, form) => {
    const [email = '', password = ''] = [form.get('email'), form.get('password')];
    const refuse = (problems: FilledForm['problems'], status = 422) =>
      show(ctx, loginPage(ctx.state.frame(), login, { values: { email }, problems }, null), status);
    if (email === '') return refuse({ email: `Type the ${named} of your account.` });
    if (password === '') return refuse({ password: 'Type your password.' });
    try {
      const account = await checkPassword(email, password, ctx.state.pageRequest);
      if (account === null) return refuse({ password: `There is no account with this ${named} and this password.` });
      await beginSession(ctx, account);
      redirect(ctx, '');
    } catch (error) {
      refuse({ password: tooMany(ctx, error) }, 429);
    }
  });

  routes.post('/logout', async (ctx) => {
    await logOut(ctx);
    redirect(ctx, `/login${noticeQuery('logged-out')}`);
  });
}
