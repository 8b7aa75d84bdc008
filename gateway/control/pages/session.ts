import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import { createSession } from 'koa-session';
import { z } from 'zod';
import { SESSION_COOKIE } from '../../fields/own-cookies.ts';
import { macFor } from '../../signing/mac.ts';
import type { SessionStore } from '../../stores/sessions/session-store.ts';
import { allowSecure, pageCookie } from './page-cookie.ts';

const TEXT = z.string().min(1);
/** Milliseconds since 1970. */
const MOMENT = z.int().nonnegative();

/** Validated when read: other programs may write to the store. */
const RECORD = z.object({
  accountId: TEXT,
  /** The account's logins at the login. */
  logins: z.array(TEXT).min(1).readonly(),
  /** The account's stamp at the login. */
  stamp: TEXT,
  /** The time of the login. */
  createdAt: MOMENT,
});
/** A record with the time at which koa-session considers it expired. */
const STORED = RECORD.extend({ _expire: MOMENT });

/** The login of a session. The account may have changed: callers must check with `Standing.ofLogin`. */
export type SessionRecord = Readonly<z.infer<typeof RECORD>>;

export interface SessionDeps {
  readonly store: SessionStore;
  /** The token secrets: the first signs cookies, all verify. */
  readonly secrets: readonly string[];
  /** Whether the pages use https, by the settings and not by the request. */
  readonly isSecure: boolean;
  /** The idle timeout in milliseconds; a session expires after half of it to all of it. */
  readonly lifetime: number;
}

/** The part of koa-session's undocumented model that the pages use. */
interface Session {
  toJSON(): Record<string, unknown>;
  /** Destroys the old id, and stores the session under a new one. */
  regenerate(): Promise<void>;
  /** Stores the session if half of its lifetime is over; destroys it if it was set to null. */
  manuallyCommit(): Promise<void>;
}

/** The ids of stored sessions, by request. */
const ids = new WeakMap<Koa.ParameterizedContext, string>();

/**
 * Gives every request to the app its session, and reads it first: when the store is unavailable, a request with a valid cookie
 * fails with GatewayError `service_unavailable` instead of appearing logged out.
 *
 * Writes nothing and sets no cookie before a login. Later writes only extend the lifetime, so that concurrent requests
 * cannot undo one another's changes.
 */
export function useSessions(app: Koa, { store, secrets, isSecure, lifetime }: SessionDeps): void {
  const cookie = pageCookie(SESSION_COOKIE, isSecure);
  const mac = macFor(secrets, 'session cookie');

  app.use(async (ctx, next) => {
    allowSecure(ctx, isSecure);
    await next();
  });
  const options: Parameters<typeof createSession>[0] = {
    key: cookie.name,
    maxAge: lifetime,
    renew: true,
    autoCommit: false,
    signed: false,
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure,
    genid: () => randomBytes(32).toString('base64url'),
    externalKey: {
      get(ctx: Koa.ParameterizedContext) {
        const [, id, signature] = SIGNED_ID.exec(cookie.read(ctx)) ?? [];
        // A cookie that the gateway did not make costs no look-up.
        return id !== undefined && signature !== undefined && mac.matches(id, signature) ? id : '';
      },
      set(ctx: Koa.ParameterizedContext, id: string) {
        ids.set(ctx, id);
        cookie.write(ctx, `${id}.${mac.of(id)}`, lifetime);
      },
    },
    store: {
      async get(id: string, _maxAge: number, { ctx }: { ctx?: Koa.ParameterizedContext }) {
        const session = parseStored(await store.read(id));
        if (session !== null && ctx !== undefined) ids.set(ctx, id);
        return session;
      },
      async set(id: string, session: unknown, maxAge: number, { ctx }: { ctx?: Koa.ParameterizedContext }) {
        const isThere = ctx !== undefined && ids.get(ctx) === id;
        await (isThere ? store.renew : store.write)(id, JSON.stringify(session), maxAge);
      },
      destroy: (id: string) => store.destroy(id),
    },
  };
  app.use(createSession(options, app));
  app.use(async (ctx, next) => {
    await sessionIn(ctx)?.manuallyCommit();
    await next();
  });
}

/**
 * Starts a session with a new id, and ends the browser's previous one, so that an id planted by an attacker is useless
 * (session fixation).
 *
 * @throws GatewayError `service_unavailable` when the store is unavailable
 */
export async function logIn(ctx: Koa.ParameterizedContext, record: SessionRecord): Promise<void> {
  ctx.session = { ...record };
  await sessionIn(ctx)?.regenerate();
}

/**
 * Ends the session in the store, so that copies of its cookie are invalid too.
 *
 * @throws GatewayError `service_unavailable` when the store is unavailable: the session then stays valid
 */
export async function logOut(ctx: Koa.ParameterizedContext): Promise<void> {
  const session = sessionIn(ctx);
  if (sessionOf(ctx) === null || session === null) return;
  ctx.session = null;
  await session.manuallyCommit();
  ids.delete(ctx);
}

/** @returns null without a login */
export function sessionOf(ctx: Koa.ParameterizedContext): SessionRecord | null {
  return RECORD.safeParse(sessionIn(ctx)?.toJSON()).data ?? null;
}

/** The id of the session, which must be sent only to the browser; null without a login. */
export function sessionIdOf(ctx: Koa.ParameterizedContext): string | null {
  return sessionOf(ctx) === null ? null : (ids.get(ctx) ?? null);
}

/** 32 bytes and an HMAC-SHA256, each in base64url. */
const SIGNED_ID = /^([\w-]{43})\.([\w-]{43})$/;

function sessionIn(ctx: Koa.ParameterizedContext): Session | null {
  return ctx.session;
}

/** @returns null if the value is not a session of the gateway */
function parseStored(content: string | null): z.infer<typeof STORED> | null {
  try {
    return STORED.safeParse(JSON.parse(content ?? '')).data ?? null;
  } catch {
    return null;
  }
}
