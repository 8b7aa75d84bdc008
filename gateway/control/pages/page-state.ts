import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import type { VNode } from 'preact';
import type { Account } from '../../domain/account.ts';
import type { AskedPage } from '../../domain/request-record.ts';
import { render } from './views/html.ts';
import type { Frame } from './views/layout.ts';

/** What each handler may count on. */
export interface PageState extends Koa.DefaultState {
  asked: AskedPage;
  /** Whoever is logged in, as the account is now; null: nobody. */
  owner: Account | null;
  /** Makes what every page has. Sets the cookie that forms are bound to. */
  frame(): Frame;
  /** Where the pages begin. */
  path: string;
}

export type PageContext = Koa.ParameterizedContext<PageState> & {
  params: Record<string, string>;
  req: IncomingMessage;
};

export type PageHandler = (ctx: PageContext) => Promise<void>;

export function show(ctx: PageContext, page: VNode, status = 200): void {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = render(page);
}

/** On to another page, which is asked for with GET (RFC 9110 section 15.4.4). Only to our own: none is named by a request. */
export function goTo(ctx: PageContext, where: string): void {
  ctx.status = 303;
  ctx.set('Location', ctx.state.path + where);
}
