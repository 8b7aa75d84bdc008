import { GatewayError } from '../../domain/errors.ts';
import { type PageContext, show } from './page-state.ts';
import { messagePage } from './views/entry.ts';

/** @throws GatewayError 404 if the gateway sends no mail */
export function requireMail(ctx: PageContext): void {
  if (!ctx.state.frame().offers.mail) throw new GatewayError('not_found', 'there is no mail');
}

/** The token of the link in the URL of a page; empty: there is none. */
export function linkIn(ctx: PageContext): string {
  return typeof ctx.query.link === 'string' ? ctx.query.link : '';
}

/** Answers 422: the link is malformed, used, expired, or invalid because the account has changed. */
export function showVoidLink(ctx: PageContext): void {
  const { owner } = ctx.state;
  const texts = ['It has been used before, is too old, or was made for an account that has changed since.'];
  const next = { href: owner === null ? '/login' : '', text: owner === null ? 'Log in' : 'To your account' };
  show(ctx, messagePage(ctx.state.frame(), { title: 'This link is not good any more', texts, next }), 422);
}
