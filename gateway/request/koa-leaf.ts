import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { AskedPage } from '../domain/request-record.ts';
import { mustCloseAfterAnswer } from '../http/early-answer.ts';
import type { Logger } from '../ops/log.ts';
import { USUAL_METHODS } from '../routing/table.ts';
import type { Decision, PageApproach } from './admit.ts';
import type { Arrival, Forward } from './forwarding.ts';

/** What the middleware counts on. */
interface RequestState {
  arrival: Arrival;
  /** Set once the request has been decided on. */
  decision: Decision;
}

type Context = Koa.ParameterizedContext<RequestState>;
/** The request as Koa gets it. */
type Handed = IncomingMessage & { handed?: { readonly arrival: Arrival; readonly next: Decision | PageApproach } };

export interface KoaLeafDeps {
  readonly log: Logger;
  readonly forward: Forward;
  /** The gateway's own endpoints below the prefix. */
  readonly tokenEndpoints: Koa.Middleware<{ identity: Identity }>;
  /** Answers for the pages of account owners; its rejections are answered as every other. */
  pages(req: IncomingMessage, res: ServerResponse, asked: AskedPage): Promise<void>;
  /** Answers what a stage has thrown. */
  refuse(arrival: Arrival, thrown: unknown): void;
}

export interface KoaLeaf {
  /** @param next what was decided; or, for a page of another origin, what is still to be decided once CORS has been seen to */
  answer(arrival: Arrival, next: Decision | PageApproach): void;
  /** Whether the client would rather read a page than JSON. */
  prefersHtml(req: IncomingMessage, res: ServerResponse): boolean;
}

/**
 * What the gateway does with Koa: CORS, its own endpoints and pages, and routes that other middleware forwards. A request that
 * is only forwarded, and not for a page of another origin, does not come here: docs/performance.md says what that saves.
 */
export function createKoaLeaf({ log, forward, tokenEndpoints, pages, refuse }: KoaLeafDeps): KoaLeaf {
  const app = new Koa<RequestState>();
  app.use(takeOver);
  app.use(answerDecision);
  // Koa reports what its own plumbing meets after an answer has begun, such as a client that left.
  app.on('error', (error) => log.debug({ err: error }, 'answer not delivered'));
  const answer = app.callback();

  return {
    answer(arrival, next) {
      const handed: Handed = Object.assign(arrival.req, { handed: { arrival, next } });
      void answer(handed, arrival.res);
    },
    prefersHtml: (req, res) => app.createContext(req, res).accepts('json', 'html') === 'html',
  };

  /** Decides where that is still to be done, marked for pages of other origins, and answers what is thrown. */
  async function takeOver(ctx: Context, next: Koa.Next): Promise<void> {
    const { handed } = ctx.req as Handed;
    if (handed === undefined) throw new TypeError('a request that did not come by answer');
    const { arrival } = handed;
    ctx.state.arrival = arrival;
    try {
      if ('kind' in handed.next) {
        ctx.state.decision = handed.next;
        await next();
      } else {
        await answerPage(ctx, arrival, handed.next, next);
      }
    } catch (thrown) {
      ctx.respond = false;
      refuse(arrival, thrown);
    }
  }

  async function answerPage(ctx: Context, { record }: Arrival, approach: PageApproach, next: Koa.Next): Promise<void> {
    const { corsRoute, preflighted, decide } = approach;
    const decideAndGoOn = async () => {
      ctx.state.decision = await decide();
      await next();
    };
    if (corsRoute === null) return await decideAndGoOn();
    // The middleware of @koa/cors touches nothing of the state.
    const asked = ctx as unknown as Koa.Context;
    if (preflighted === null) return void (await corsRoute.cors.mark(asked, decideAndGoOn));
    record.route = corsRoute.name;
    await corsRoute.cors.preflight(asked, preflighted);
    answerEmpty(ctx);
  }

  /** 204, and the connection ends where a body is still to come. */
  function answerEmpty(ctx: Context): void {
    const { head, record } = ctx.state.arrival;
    ctx.status = 204;
    ctx.set('X-Request-Id', record.id);
    if (mustCloseAfterAnswer(ctx.req, ctx.res, head.expectsContinue)) ctx.set('Connection', 'close');
  }

  async function answerDecision(ctx: Context): Promise<void> {
    const { decision, arrival } = ctx.state;
    switch (decision.kind) {
      case 'server':
        ctx.set('Allow', USUAL_METHODS);
        return answerEmpty(ctx);
      case 'tokens':
        return await answerTokens(ctx, arrival, decision);
      case 'pages':
        ctx.respond = false;
        return await answerPages(arrival, decision);
      case 'forward': {
        ctx.respond = false;
        const { proxied } = decision.route;
        return await forward(arrival, decision, proxied === null ? null : (outgoing) => proxied(ctx, outgoing));
      }
    }
  }

  async function answerTokens(
    ctx: Context,
    { record }: Arrival,
    { target, identity }: Extract<Decision, { kind: 'tokens' }>,
  ): Promise<void> {
    ctx.set('X-Request-Id', record.id);
    ctx.url = target.path + target.query;
    const withIdentity = Object.assign(ctx, { state: { ...ctx.state, identity } });
    await tokenEndpoints(withIdentity as unknown as Parameters<typeof tokenEndpoints>[0], async () => {
      throw new GatewayError('not_found', 'no such endpoint');
    });
  }

  async function answerPages(
    { req, res, record }: Arrival,
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
