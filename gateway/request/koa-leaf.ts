import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { PageRequest } from '../domain/request-record.ts';
import { mustCloseAfterAnswer } from '../http/early-answer.ts';
import { type KeySet, keySetAnswer } from '../http/key-set.ts';
import type { Logger } from '../ops/log.ts';
import { USUAL_METHODS } from '../routing/table.ts';
import type { Decision, PageApproach } from './admission.ts';
import type { ForwardRequest, HttpExchange } from './forward-request.ts';

/** `ctx.state` of every request. */
interface RequestState {
  exchange: HttpExchange;
  /** Set once admission has finished. */
  decision: Decision;
}

type Context = Koa.ParameterizedContext<RequestState>;
/** A request, and what is left to do for it. */
interface Handover {
  readonly exchange: HttpExchange;
  readonly next: Decision | PageApproach;
}

export interface KoaLeafDeps {
  readonly log: Logger;
  readonly forward: ForwardRequest;
  /** The gateway's own endpoints below the prefix. */
  readonly tokenEndpoints: Koa.Middleware<{ identity: Identity }>;
  /** Answers requests for the pages of account owners. Rejects with a failure that is still to be answered. */
  pages(req: IncomingMessage, res: ServerResponse, request: PageRequest): Promise<void>;
  /** null: no assertions are configured, so no request asks for their keys. */
  readonly keySet: KeySet | null;
  /** Answers a failure. */
  refuse(exchange: HttpExchange, thrown: unknown): void;
}

export interface KoaLeaf {
  /** @param next the decision; for a request from another origin, the admission that follows CORS */
  answer(exchange: HttpExchange, next: Decision | PageApproach): void;
}

/**
 * Serves with Koa: CORS, the gateway's own endpoints, pages and keys, and routes with `proxy`. A same-origin request that is only
 * forwarded bypasses Koa; docs/performance.md has the saving.
 */
export function createKoaLeaf({ log, forward, tokenEndpoints, pages, keySet, refuse }: KoaLeafDeps): KoaLeaf {
  const app = new Koa<RequestState>();
  const handovers = new WeakMap<IncomingMessage, Handover>();
  app.use(takeOver);
  app.use(answerDecision);
  // Koa's own errors after an answer has begun, such as a client that left.
  app.on('error', (error) => log.debug({ err: error }, 'answer not delivered'));
  const answer = app.callback();

  return {
    answer(exchange, next) {
      handovers.set(exchange.req, { exchange, next });
      void answer(exchange.req, exchange.res);
    },
  };

  /** Completes admission where CORS comes first, runs the next middleware, and answers what is thrown. */
  async function takeOver(ctx: Context, next: Koa.Next): Promise<void> {
    const handover = handovers.get(ctx.req);
    if (handover === undefined) throw new TypeError('Koa got a request that was not passed to answer()');
    const { exchange } = handover;
    ctx.state.exchange = exchange;
    try {
      if ('kind' in handover.next) {
        ctx.state.decision = handover.next;
        await next();
      } else {
        await answerPage(ctx, exchange, handover.next, next);
      }
    } catch (thrown) {
      ctx.respond = false;
      refuse(exchange, thrown);
    }
  }

  async function answerPage(
    ctx: Context,
    { record }: HttpExchange,
    approach: PageApproach,
    next: Koa.Next,
  ): Promise<void> {
    const { corsRoute, preflighted, decide } = approach;
    const decideAndGoOn = async () => {
      ctx.state.decision = await decide();
      await next();
    };
    if (corsRoute === null) return await decideAndGoOn();
    if (preflighted === null) return void (await corsRoute.cors.setFields(ctx, decideAndGoOn));
    record.route = corsRoute.name;
    await corsRoute.cors.preflight(ctx, preflighted);
    answerEmpty(ctx);
  }

  /** Answers 204, and closes the connection if a body is still to come. */
  function answerEmpty(ctx: Context): void {
    const { incoming, record } = ctx.state.exchange;
    ctx.status = 204;
    ctx.set('X-Request-Id', record.id);
    if (mustCloseAfterAnswer(ctx.req, ctx.res, incoming.head.expectsContinue)) ctx.set('Connection', 'close');
  }

  async function answerDecision(ctx: Context): Promise<void> {
    const { decision, exchange } = ctx.state;
    switch (decision.kind) {
      case 'server':
        ctx.set('Allow', USUAL_METHODS);
        return answerEmpty(ctx);
      case 'tokens':
        return await answerTokens(ctx, exchange, decision);
      case 'pages':
        ctx.respond = false;
        return await answerPages(exchange, decision);
      case 'key-set':
        return answerKeySet(ctx, exchange);
      case 'forward': {
        ctx.respond = false;
        const { proxied } = decision.route;
        return await forward(exchange, decision, proxied === null ? null : (outgoing) => proxied(ctx, outgoing));
      }
    }
  }

  async function answerTokens(
    ctx: Context,
    { record }: HttpExchange,
    { target, identity }: Extract<Decision, { kind: 'tokens' }>,
  ): Promise<void> {
    ctx.set('X-Request-Id', record.id);
    ctx.url = target.path + target.query;
    const withIdentity = Object.assign(ctx, { state: { ...ctx.state, identity } });
    await tokenEndpoints(withIdentity, async () => {
      throw new GatewayError('not_found', 'no such endpoint');
    });
  }

  function answerKeySet(ctx: Context, { record }: HttpExchange): void {
    if (keySet === null) throw new TypeError('no keys to publish');
    record.route = 'key-set';
    const { status, fields, body } = keySetAnswer(keySet, ctx.get('If-None-Match') || undefined);
    ctx.status = status;
    ctx.body = body;
    ctx.set({ ...fields, 'X-Request-Id': record.id });
  }

  async function answerPages(
    { req, res, record }: HttpExchange,
    { target }: Extract<Decision, { kind: 'pages' }>,
  ): Promise<void> {
    record.route = 'pages';
    await pages(req, res, {
      url: target.path + target.query,
      requestId: record.id,
      client: record.client,
      onFailure(error) {
        record.failure = error;
      },
      onOwner(accountId) {
        record.accountId = accountId;
      },
    });
  }
}
