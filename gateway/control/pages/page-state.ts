import type Koa from 'koa';
import type { VNode } from 'preact';
import type { Account } from '../../domain/account.ts';
import type { GatewayError } from '../../domain/errors.ts';
import type { PageRequest } from '../../domain/request-record.ts';
import { renderDocument } from '../../http/html.ts';
import type { OwnerActions } from '../../owners/actions.ts';
import type { CheckPassword } from './password-check.ts';
import type { Frame } from './views/layout.ts';

/** The Koa state of every handler. */
export interface PageState {
  pageRequest: PageRequest;
  /** The logged-in account, freshly read; null: none. */
  owner: Account | null;
  /** Creates the common parts of a page. Sets the cookie to which forms are bound. */
  frame(): Frame;
  /** The path prefix of the pages. */
  path: string;
}

export type PageContext = Koa.ParameterizedContext<PageState>;

/** The actions of the pages. */
export interface OwnerRoutesDeps {
  readonly actions: OwnerActions;
  readonly checkPassword: CheckPassword;
  /** Counts mails that the client requests. @throws GatewayError 429 above the limit */
  countMailRequest(client: string): Promise<void>;
  beginSession(ctx: PageContext, account: Account): Promise<void>;
}

export function show(ctx: PageContext, page: VNode, status = 200): void {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = renderDocument(page);
}

/** Reports a failure that a page answers to the log, and sets its fields, such as `Retry-After`. */
export function reportFailure(ctx: PageContext, error: GatewayError): void {
  ctx.state.pageRequest.onFailure(error);
  ctx.set(error.headers);
}

/** Redirects to another page with GET (RFC 9110 section 15.4.4). The target never comes from a request (open redirect). */
export function redirect(ctx: PageContext, where: string): void {
  ctx.status = 303;
  ctx.set('Location', ctx.state.path + where);
}
