import Router from '@koa/router';
import type { Account } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import { type FormFields, readForm } from '../../http/bodies.ts';
import { refuseOtherMethods } from '../allowed-methods.ts';
import type { FormGuard } from './csrf.ts';
import { noticeQuery } from './notices.ts';
import { type PageContext, type PageState, redirect } from './page-state.ts';

/** With the path parameters of the route. */
type RoutedContext = PageContext & { readonly params: Readonly<Record<string, string>> };
type PageHandler = (ctx: RoutedContext) => Promise<void>;
type FormHandler = (ctx: RoutedContext, form: FormFields) => Promise<void>;

/** The pages by path. Every POST passes the CSRF check first. */
export interface PageRoutes {
  get(path: string, handler: PageHandler): void;
  post(path: string, handler: FormHandler): void;
  /** Only for logged-in, confirmed owners; redirects others to the login or the start page. */
  readonly owned: {
    get(path: string, handler: (ctx: RoutedContext, owner: Account) => Promise<void>): void;
    post(path: string, handler: (ctx: RoutedContext, form: FormFields, owner: Account) => Promise<void>): void;
  };
  /** Answers the request. @throws GatewayError 404 and 405 */
  answer(ctx: PageContext): Promise<void>;
}

/** @param prefix the prefix of their paths */
export function createPageRoutes(prefix: string, guard: FormGuard): PageRoutes {
  const router = new Router<PageState>({ prefix, sensitive: true });
  /** The paths with a GET page, to which a stale form redirects. */
  const shown = new Set<string>();

  const get = (path: string, handler: PageHandler) => {
    shown.add(prefix + path);
    router.get(path === '' ? '/' : path, (ctx) => handler(ctx));
  };
  const post = (path: string, handler: FormHandler) => {
    router.post(path, async (ctx) => {
      const form = await readForm(ctx.req, ctx.res);
      switch (guard.checkForm(ctx, form)) {
        case 'ok':
          return await handler(ctx, form);
        case 'stale':
          return redirect(ctx, (shown.has(ctx.path) ? ctx.path.slice(prefix.length) : '') + noticeQuery('stale'));
        case 'cross-site':
          throw new GatewayError('forbidden', 'a form of another site', {
            publicMessage: 'This form was sent by another site',
          });
      }
    });
  };
  const confirmedOwner = (ctx: PageContext): Account | null => {
    const { owner } = ctx.state;
    if (owner === null) redirect(ctx, `/login${noticeQuery('again')}`);
    else if (!owner.confirmed) redirect(ctx, '');
    return owner?.confirmed ? owner : null;
  };
  const routes = router.routes();

  return {
    get,
    post,
    owned: {
      get: (path, handler) =>
        get(path, async (ctx) => {
          const owner = confirmedOwner(ctx);
          if (owner !== null) await handler(ctx, owner);
        }),
      post: (path, handler) =>
        post(path, async (ctx, form) => {
          const owner = confirmedOwner(ctx);
          if (owner !== null) await handler(ctx, form, owner);
        }),
    },
    async answer(ctx) {
      await routes(ctx as Parameters<typeof routes>[0], async () => {
        refuseOtherMethods(ctx);
        throw new GatewayError('not_found', 'no such page', { publicMessage: 'There is no such page' });
      });
    },
  };
}
