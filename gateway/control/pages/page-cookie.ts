import type Koa from 'koa';

/**
 * A cookie of the pages: out of reach of scripts, not sent along with what other sites post, and over https alone where
 * the pages are there. `__Host-` (RFC 6265bis section 4.1.3.2) then keeps other hosts of the domain from setting one.
 */
export interface PageCookie {
  readonly name: string;
  /** @returns the value that the browser sent, unchecked; empty without one */
  read(ctx: Koa.ParameterizedContext): string;
  /** @param lifetime milliseconds; null for until the browser is closed */
  write(ctx: Koa.ParameterizedContext, value: string, lifetime: number | null): void;
}

/** @param isSecure whether the pages are reached over https, as the settings say and not the request */
export function pageCookie(baseName: string, isSecure: boolean): PageCookie {
  const name = isSecure ? `__Host-${baseName}` : baseName;
  return {
    name,
    read: (ctx) => ctx.cookies.get(name, { signed: false }) ?? '',
    write(ctx, value, lifetime) {
      allowSecure(ctx, isSecure);
      ctx.cookies.set(name, value, {
        path: '/',
        sameSite: 'lax',
        httpOnly: true,
        secure: isSecure,
        signed: false,
        overwrite: true,
        ...(lifetime === null ? {} : { maxAge: lifetime }),
      });
    },
  };
}

/** Else a cookie that is to be `Secure` is refused where a proxy in front of the gateway ends TLS. */
export function allowSecure(ctx: Koa.ParameterizedContext, isSecure: boolean): void {
  ctx.cookies.secure = isSecure;
}
