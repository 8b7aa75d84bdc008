import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import { FORM_COOKIE } from '../../fields/own-cookies.ts';
import type { FormFields } from '../../http/bodies.ts';
import { macFor } from '../../signing/mac.ts';
import { pageCookie } from './page-cookie.ts';
import { sessionIdOf } from './session.ts';

/** The name of the hidden field in every form of the pages. */
export const TOKEN_FIELD = 'form_token';

/**
 * `stale`: the form was rendered for another session, before the login, or in a browser without cookies; the user may try
 * again. `cross-site`: another site has sent it.
 */
export type FormCheck = 'ok' | 'stale' | 'cross-site';

/** Refuses forms that other sites make an owner's browser submit (cross-site request forgery, CSRF). */
export interface FormGuard {
  /** @returns the value for the field `TOKEN_FIELD`. Sets the cookie to which it is bound, if the browser has none yet */
  formToken(ctx: Koa.ParameterizedContext): string;
  checkForm(ctx: Koa.ParameterizedContext, form: FormFields): FormCheck;
}

interface FormGuardDeps {
  readonly secrets: readonly string[];
  readonly origin: string | null;
  readonly isSecure: boolean;
}

/**
 * Two defences, each sufficient in an up-to-date browser: the browser names the site that sent the form (`Sec-Fetch-Site`,
 * `Origin`), and the form carries a token that no other site can know, an HMAC over a random number in a cookie and the
 * session (signed double-submit cookie). Binding it to the session defeats cookie tossing from another host of the domain,
 * and makes forms rendered before a login invalid after it.
 *
 * The pages must not say `Referrer-Policy: no-referrer`: browsers then send `Origin: null` with the pages' own
 * forms too (Fetch standard, "append a request `Origin` header").
 *
 * @param secrets the token secrets: the first signs, all verify
 * @param origin the origin of the pages, such as `https://gateway.example`; null: the host of the request
 * @param isSecure whether the pages use https
 */
export function formGuard({ secrets, origin, isSecure }: FormGuardDeps): FormGuard {
  const cookie = pageCookie(FORM_COOKIE, isSecure);
  const scheme = isSecure ? 'https' : 'http';
  const mac = macFor(secrets, 'form token');
  /** The numbers of cookies that this response sets. */
  const set = new WeakMap<Koa.ParameterizedContext, string>();
  const nonceOf = (ctx: Koa.ParameterizedContext) => set.get(ctx) ?? NONCE.exec(cookie.read(ctx))?.[0];
  const bound = (ctx: Koa.ParameterizedContext, nonce: string) => JSON.stringify([nonce, sessionIdOf(ctx)]);

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
      if (isCrossSite(ctx, origin ?? `${scheme}://${ctx.req.headers.host}`)) return 'cross-site';
      const nonce = nonceOf(ctx);
      if (nonce === undefined) return 'stale';
      return mac.matches(bound(ctx, nonce), form.get(TOKEN_FIELD) ?? '') ? 'ok' : 'stale';
    },
  };
}

const NONCE = /^[\w-]{43}$/;

/**
 * Decides by `Sec-Fetch-Site`, which browsers send to https and to localhost; elsewhere by `Origin`. Scripts can set neither.
 * `none` means that the user opened the page directly. Other hosts of the same site (`same-site`) are not trusted.
 */
function isCrossSite({ req }: Koa.ParameterizedContext, origin: string): boolean {
  const site = req.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return req.headers.origin !== undefined && req.headers.origin !== origin;
}
