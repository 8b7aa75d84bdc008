import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import { FORM_COOKIE } from '../../fields/own-cookies.ts';
import { macFor } from '../../signing/mac.ts';
import type { Form } from './form-body.ts';
import { pageCookie } from './page-cookie.ts';
import { sessionIdOf } from './session.ts';

/** The name of the hidden field that every form of the pages has. */
export const TOKEN_FIELD = 'form_token';

/**
 * `stale`: the form was rendered for another session, for nobody yet, or in a browser that takes no cookies; whoever sent
 * it may try again. `cross-site`: another site has sent it.
 */
export type FormCheck = 'ok' | 'stale' | 'cross-site';

/** Refuses what other sites let the browser of an account's owner post (cross-site request forgery). */
export interface FormGuard {
  /** What the field `TOKEN_FIELD` must hold; sets the cookie to which it is bound, where the browser has none yet. */
  formToken(ctx: Koa.Context): string;
  checkForm(ctx: Koa.Context, form: Form): FormCheck;
}

/**
 * Two defences, each of which does by itself in an up-to-date browser: the browser says which site has sent the form, and
 * the form carries what no other site can know, an HMAC of a random number in a cookie and of the session. So a number that
 * another host of the domain has planted in the browser fits no form of somebody who is logged in, and a form that was
 * rendered before a login fits nothing after it.
 *
 * The pages must not say `Referrer-Policy: no-referrer`: browsers then send `Origin: null` with our own forms as well
 * (Fetch standard, "append a request `Origin` header").
 *
 * @param secrets the token secrets: the first signs, all verify
 * @param origin of the pages, such as `https://gateway.example`; null: http, and whatever host the browser asks
 */
export function formGuard({ secrets, origin }: { secrets: readonly string[]; origin: string | null }): FormGuard {
  const cookie = pageCookie(FORM_COOKIE, origin?.startsWith('https:') ?? false);
  const mac = macFor(secrets, 'form token');
  /** Of requests whose cookie is only on its way to the browser. */
  const set = new WeakMap<Koa.Context, string>();
  const nonceOf = (ctx: Koa.Context) => set.get(ctx) ?? NONCE.exec(cookie.read(ctx))?.[0];
  const bound = (ctx: Koa.Context, nonce: string) => JSON.stringify([nonce, sessionIdOf(ctx)]);

  return {
    formToken(ctx) {
      let nonce = nonceOf(ctx);
      if (nonce === undefined) {
        nonce = randomBytes(32).toString('base64url');
        set.set(ctx, nonce);
        cookie.write(ctx, nonce, null);
      }
      return mac.of(bound(ctx, nonce));
    },

    checkForm(ctx, form) {
      if (isCrossSite(ctx, origin ?? `http://${ctx.req.headers.host}`)) return 'cross-site';
      const nonce = nonceOf(ctx);
      if (nonce === undefined) return 'stale';
      return mac.matches(bound(ctx, nonce), form.get(TOKEN_FIELD) ?? '') ? 'ok' : 'stale';
    },
  };
}

const NONCE = /^[\w-]{43}$/;

/**
 * By `Sec-Fetch-Site`, which browsers send to https and to this machine; elsewhere by `Origin`. A page cannot set either.
 * `none` is what a person does with the browser itself. The other hosts of our site (`same-site`) are not ours.
 */
function isCrossSite({ req }: Koa.Context, origin: string): boolean {
  const site = req.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return req.headers.origin !== undefined && req.headers.origin !== origin;
}
