import Router from '@koa/router';
import type Koa from 'koa';
import { z } from 'zod';
import type { Scopes } from '../access/scopes.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { unauthorized } from '../domain/unauthorized.ts';
import { plainNetwork } from '../http/address-set.ts';
import { readJson } from '../http/bodies.ts';
import type { Revoker } from '../revocation/revoker.ts';
import { isNetwork } from '../settings/schema/addresses.ts';
import type { LiveTokens } from '../stores/tokens/live-tokens.ts';
import { refuseOtherMethods } from './allowed-methods.ts';
import { type IssueToken, isTokenName, TOKEN_NAME_RULE } from './issue-token.ts';
import { encodeCursor, readPagination } from './pagination.ts';
import { wishedScope } from './wished-scope.ts';

/** The Koa state of the endpoints: the client is identified and confirmed. */
export interface TokenEndpointState {
  identity: Identity;
}

export interface TokenEndpointsDeps {
  readonly prefix: string;
  readonly realm: string;
  /** Milliseconds. */
  readonly lifetime: number;
  /** Milliseconds. */
  readonly maxLifetime: number;
  /** The scopes of the present configuration. */
  scopes(): Scopes;
  readonly issue: IssueToken;
  readonly listLive: LiveTokens['list'];
  readonly revoke: Revoker['token'];
  /** Resolves when the revocation is durable. */
  revokeAll(accountId: string): Promise<unknown>;
}

/** The gateway's own endpoints for tokens, below `<prefix>/tokens`. */
export function tokenEndpoints(deps: TokenEndpointsDeps): Koa.Middleware<TokenEndpointState> {
  const router = new Router<TokenEndpointState>({ prefix: `${deps.prefix}/tokens`, sensitive: true });
  const wishes = wishSchemas(deps);

  router.post('/', async (ctx) => {
    const { account } = requirePassword(ctx.state.identity, deps.realm);
    const scopes = deps.scopes();
    const hasScopes = scopes.all.length > 0;
    const wish = hasScopes
      ? await readJson(ctx.req, ctx.res, wishes.scoped)
      : { ...(await readJson(ctx.req, ctx.res, wishes.plain)), scope: null };
    const { name, expiration, addresses } = wish;
    const scope = wish.scope === null ? null : wishedScope(wish.scope, scopes.allowed(account));
    const { token } = await deps.issue(account, { name, lifetime: expiration, scope, addresses });
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      token,
      expiration,
      ...(hasScopes && { scope: textOf(scope) }),
      ...(addresses !== null && { addresses }),
    };
  });

  router.get('/', async (ctx) => {
    const { limit, after } = readPagination(ctx.query);
    const hasScopes = deps.scopes().all.length > 0;
    const { account } = ctx.state.identity;
    // Reads one more than requested, to know whether there is a next page.
    const found = await deps.listLive(account, { order: 'oldest first', after, limit: limit + 1 });
    const tokens = found.slice(0, limit);
    const last = tokens.at(-1);
    const next = last === undefined || found.length <= limit ? null : encodeCursor(last);
    ctx.set('Cache-Control', 'no-store');
    // Relative (RFC 8288 section 3.1), so that it is valid behind proxies that change the path.
    if (next !== null) ctx.set('Link', `<?limit=${limit}&after=${next}>; rel="next"`);
    ctx.body = {
      tokens: tokens.map(({ jti, name, issuedAt, expiresAt, scope, addresses }) => ({
        id: jti,
        name,
        issued_at: new Date(issuedAt).toISOString(),
        expires_at: new Date(expiresAt).toISOString(),
        ...(hasScopes && { scope: textOf(scope) }),
        ...(addresses !== null && { addresses }),
      })),
      ...(next !== null && { next }),
    };
  });

  router.delete('/', async (ctx) => {
    await deps.revokeAll(ctx.state.identity.account.id);
    ctx.status = 204;
  });

  router.delete('/current', async (ctx) => {
    const { identity } = ctx.state;
    if (identity.by !== 'token') throw new GatewayError('not_found', 'no token is in use');
    await deps.revoke(identity.token.claims.jti, identity.account.id, claimsOf(identity));
    ctx.status = 204;
  });

  router.delete('/:id', async (ctx) => {
    const { identity } = ctx.state;
    const id = ctx.params.id ?? '';
    const isCurrent = identity.by === 'token' && identity.token.claims.jti === id;
    const outcome = await deps.revoke(id, identity.account.id, isCurrent ? claimsOf(identity) : null);
    if (outcome === 'unknown') throw new GatewayError('not_found', 'no such token of this account');
    ctx.status = 204;
  });

  const routes = router.routes();
  return async (ctx, next) => {
    await routes(ctx as Parameters<typeof routes>[0], async () => {
      refuseOtherMethods(ctx);
      await next();
    });
  };
}

/** The claims of the request's own token, which may have no record. Times are milliseconds since 1970. */
function claimsOf({ token }: Extract<Identity, { by: 'token' }>) {
  const { accountId, issuedAt, expiresAt } = token.claims;
  return { accountId, issuedAt: issuedAt * 1000, expiresAt: expiresAt * 1000 };
}

/** A token must not be used to get another one: a stolen token could otherwise be renewed forever. */
function requirePassword(identity: Identity, realm: string): Identity {
  if (identity.by === 'password') return identity;
  throw unauthorized('a token cannot buy a token', realm, identity.scheme);
}

/** Networks of a token: each request carries them. */
const MOST_ADDRESSES = 20;

/** The networks that a token may be used from, each once and in its shortest form; null: any. */
function addressWish() {
  const error = `addresses must be a list of 1 to ${MOST_ADDRESSES} IP addresses or networks, such as ["203.0.113.0/24"]`;
  return z
    .array(z.string(error).refine(isNetwork, error), error)
    .min(1, error)
    .max(MOST_ADDRESSES, error)
    .transform((networks) => [...new Set(networks.map(plainNetwork))])
    .nullable()
    .default(null);
}

const SCOPE_FORM = 'scope must be text: names of scopes, separated by single spaces';

/** The scope of a token in answers; null: it was issued without one. */
function textOf(scope: readonly string[] | null): string | null {
  return scope?.join(' ') ?? null;
}

/** The bodies of requests for a token: without scopes in the configuration, and with. */
function wishSchemas({ lifetime, maxLifetime }: Pick<TokenEndpointsDeps, 'lifetime' | 'maxLifetime'>) {
  const longest = Math.floor(maxLifetime / 1000);
  const seconds = `expiration must be a whole number of seconds from 1 to ${longest}`;
  const named = `name ${TOKEN_NAME_RULE}`;
  const keys = {
    expiration: z
      .int(seconds)
      .min(1, seconds)
      .max(longest, seconds)
      .prefault(Math.floor(lifetime / 1000)),
    name: z.string(named).refine(isTokenName, named).nullable().default(null),
    addresses: addressWish(),
  };
  return {
    plain: wishSchema(keys, 'name, expiration and addresses'),
    scoped: wishSchema(
      { ...keys, scope: z.string(SCOPE_FORM).nullable().default(null) },
      'name, expiration, scope and addresses',
    ),
  };
}

function wishSchema<Shape extends z.core.$ZodShape>(shape: Shape, keys: string) {
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? `The request body may only have the keys ${keys}`
        : 'The request body must be a JSON object',
  });
}
