import type Koa from 'koa';

/**
 * A cookie of the pages: `HttpOnly`, `SameSite=Lax`, and, with https, `Secure`. The prefix `__Host-` (RFC 6265bis section
 * 4.1.3.2) then prevents other hosts of the domain from setting it (cookie tossing).
 */
export interface PageCookie {
  readonly name: string;
  /** @returns the unverified value that the browser sent; empty if there is none */
  read(ctx: Koa.ParameterizedContext): string;
  /** @param lifetime milliseconds; null: until the browser is closed */
  write(ctx: Koa.ParameterizedContext, value: string, lifetime: number | null): void;
}

/** @param isSecure whether the pages use https, by the settings and not by the request */
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

/** Otherwise Koa refuses to set a `Secure` cookie when a proxy in front terminates TLS. */
export function allowSecure(ctx: Koa.ParameterizedContext, isSecure: boolean): void {
  ctx.cookies.secure = isSecure;
}
