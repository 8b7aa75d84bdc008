import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { request } from 'undici';
import { formGuard } from '../../../gateway/control/pages/csrf.ts';
import { logIn, logOut, sessionOf, useSessions } from '../../../gateway/control/pages/session.ts';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import { readForm } from '../../../gateway/http/bodies.ts';
import type { SessionStore } from '../../../gateway/stores/sessions/session-store.ts';
import type { Scope } from '../../lab/scope.ts';

export const SECRET = 'a token secret of thirty-two bytes';
export const HOUR = 3_600_000;

export interface SessionPages {
  readonly port: number;
  ask(method: string, path: string, more?: { headers?: Record<string, string>; body?: string }): Promise<PageAnswer>;
}

export interface PageAnswer {
  readonly status: number;
  readonly body: string;
  /** The `Set-Cookie` lines. */
  readonly cookies: readonly string[];
}

/**
 * A server with only the sessions and forms of the account pages:
 *
 * - `GET /` returns the session's record as JSON; `POST /in?name=NAME` logs in, `POST /out` logs out, and both return the user
 *   after that, with a token for the next form
 * - `GET /form` returns a token; `POST /form` the result of checking the form; `POST /echo` its fields as JSON
 */
export async function sessionPages(
  t: Scope,
  {
    store,
    secrets = [SECRET],
    origin = 'http://pages.example',
    lifetime = HOUR,
  }: { store: SessionStore; secrets?: readonly string[]; origin?: string; lifetime?: number },
): Promise<SessionPages> {
  const guard = formGuard({ secrets, origin, isSecure: origin.startsWith('https:') });
  const app = new Koa();
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      ctx.status = error.status;
      ctx.body = error.code;
    }
  });
  useSessions(app, { store, secrets, isSecure: origin.startsWith('https:'), lifetime });
  const who = (ctx: Koa.Context) => JSON.stringify({ who: sessionOf(ctx), token: guard.formToken(ctx) });
  const pages: Record<string, (ctx: Koa.Context) => Promise<string>> = {
    'GET /': async (ctx) => JSON.stringify(sessionOf(ctx)),
    async 'POST /in'(ctx) {
      await logIn(ctx, record(String(ctx.query.name)));
      return who(ctx);
    },
    async 'POST /out'(ctx) {
      await logOut(ctx);
      return who(ctx);
    },
    'GET /form': async (ctx) => `${guard.formToken(ctx)} ${guard.formToken(ctx)}`,
    'POST /form': async (ctx) => guard.checkForm(ctx, await readForm(ctx.req, ctx.res)),
    'POST /echo': async (ctx) => JSON.stringify([...(await readForm(ctx.req, ctx.res))]),
  };
  app.use(async (ctx) => {
    ctx.body = await pages[`${ctx.method} ${ctx.path}`]?.(ctx);
  });

  const handle = app.callback();
  // As in the gateway, the reader of the body sends 100 Continue.
  const server = createServer(handle).on('checkContinue', handle).listen(0, '127.0.0.1');
  t.teardown(() => server.close().closeAllConnections());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async ask(method, path, { headers = {}, body } = {}) {
      const answer = await request(`http://127.0.0.1:${port}${path}`, { method, headers, body: body ?? null });
      const set = answer.headers['set-cookie'] ?? [];
      return {
        status: answer.statusCode,
        body: await answer.body.text(),
        cookies: typeof set === 'string' ? [set] : set,
      };
    },
  };
}

export function record(name: string) {
  return {
    accountId: `id of ${name}`,
    logins: [`${name}@example.com`],
    stamp: `stamp of ${name}`,
    createdAt: 1_900_000_000_000,
  };
}

/** The value of `Cookie` that a browser sends after these `Set-Cookie` lines. */
export function sentBack(...cookies: readonly string[]): string {
  return cookies.map((cookie) => cookie.slice(0, cookie.indexOf(';'))).join('; ');
}
