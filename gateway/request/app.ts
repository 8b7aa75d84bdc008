import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import { GatewayError } from '../errors.ts';
import { mustCloseAfterAnswer } from '../forward/early-answer.ts';
import type { Logger } from '../ops/log.ts';
import type { RouteSettings } from '../settings/schema.ts';
import type { Soon } from '../soon.ts';
import type { AskedPage, Identity, RequestRecord } from '../state.ts';
import type { CorsStage } from './cors.ts';
import type { Decision } from './decide.ts';
import type { Arrival, Forward } from './forwarding.ts';
import type { Head } from './head.ts';
import type { ProxiedRoute } from './proxied-route.ts';
import { USUAL_METHODS } from './routes.ts';

/** What each stage may count on: nothing is optional once the stage that sets it has run. */
interface RequestState extends Koa.DefaultState {
  arrival: Arrival;
  record: RequestRecord;
  head: Head;
  decision: Decision;
}

export interface AppStages {
  readonly log: Logger;
  /** Answers preflights, and marks what pages of other origins may read; null: they may read nothing. */
  readonly cors: CorsStage | null;
  decideOn(arrival: Arrival): Soon<Decision>;
  readonly forward: Forward;
  /** The last stage, for the routes that have another than `forwardHttp`. */
  readonly proxiedRoutes: ReadonlyMap<RouteSettings, ProxiedRoute>;
  /** The gateway's own endpoints below the prefix. */
  readonly tokenEndpoints: Koa.Middleware<{ identity: Identity }>;
  /** Answers for the pages of account owners; its rejections are answered as every other. */
  pages(req: IncomingMessage, res: ServerResponse, asked: AskedPage): Promise<void>;
  /** Answers what a stage has thrown. */
  refuse(arrival: Arrival, thrown: unknown): void;
}

export interface App {
  /** @param decision null: it is to be made, once it has been looked at what pages of other origins may ask */
  answer(arrival: Arrival, decision: Decision | null): void;
  /** Whether whoever asks would rather read a page than JSON. */
  prefersHtml(req: IncomingMessage, res: ServerResponse): boolean;
}

/**
 * What the gateway does with Koa, in order: CORS, its own endpoints and pages, and routes that other middleware forwards.
 * What is only forwarded, and not for a page of another origin, does not come here: docs/performance.md says what that saves.
 */
export function createApp(stages: AppStages): App {
  const { log, cors, decideOn, forward, proxiedRoutes, tokenEndpoints, pages, refuse } = stages;
  const arrived = new WeakMap<IncomingMessage, { readonly arrival: Arrival; readonly decision: Decision | null }>();
  const app = new Koa<RequestState>();
  app.use(answerErrors);
  if (cors !== null) app.use(cors);
  app.use(decideOnIt);
  app.use(answerForServer);
  app.use(answerOwnEndpoints);
  app.use(answerPages);
  app.use(forwardIt);
  // Koa reports what its own plumbing meets after an answer has begun, such as a client that left.
  app.on('error', (error) => log.debug({ err: error }, 'answer not delivered'));
  const answer = app.callback();

  return {
    answer(arrival, decision) {
      arrived.set(arrival.req, { arrival, decision });
      void answer(arrival.req, arrival.res);
    },
    prefersHtml: (req, res) => app.createContext(req, res).accepts('json', 'html') === 'html',
  };

  async function answerErrors(ctx: Context, next: Koa.Next): Promise<void> {
    const about = arrived.get(ctx.req);
    if (about === undefined) throw new TypeError('a request that did not come through the pipeline');
    const { arrival } = about;
    ctx.state.arrival = arrival;
    ctx.state.record = arrival.record;
    ctx.state.head = arrival.head;
    try {
      await next();
    } catch (thrown) {
      ctx.respond = false;
      refuse(arrival, thrown);
    }
  }

  async function decideOnIt(ctx: Context, next: Koa.Next): Promise<void> {
    const { arrival } = ctx.state;
    ctx.state.decision = arrived.get(ctx.req)?.decision ?? (await decideOn(arrival));
    await next();
  }

  async function answerForServer(ctx: Context, next: Koa.Next): Promise<void> {
    const { decision, record, head } = ctx.state;
    if (decision.kind !== 'server') return next();
    ctx.status = 204;
    ctx.set('Allow', USUAL_METHODS);
    ctx.set('X-Request-Id', record.id);
    if (mustCloseAfterAnswer(ctx.req, ctx.res, head.expectsContinue)) ctx.set('Connection', 'close');
  }

  async function answerOwnEndpoints(ctx: Context, next: Koa.Next): Promise<void> {
    const { decision, record } = ctx.state;
    if (decision.kind !== 'tokens') return next();
    ctx.set('X-Request-Id', record.id);
    ctx.url = decision.target.path + decision.target.query;
    ctx.state.identity = decision.identity;
    await tokenEndpoints(ctx as unknown as Parameters<typeof tokenEndpoints>[0], async () => {
      throw new GatewayError('not_found', 'no such endpoint');
    });
  }

  async function answerPages(ctx: Context, next: Koa.Next): Promise<void> {
    const { decision, record } = ctx.state;
    if (decision.kind !== 'pages') return next();
    record.route = 'pages';
    ctx.respond = false;
    const { req, res } = ctx;
    await pages(req, res, {
      url: decision.target.path + decision.target.query,
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

  async function forwardIt(ctx: Context): Promise<void> {
    const { decision, arrival } = ctx.state;
    if (decision.kind !== 'forward') return;
    ctx.respond = false;
    const proxied = proxiedRoutes.get(decision.route);
    await forward(arrival, decision, proxied === undefined ? null : (outgoing) => proxied(ctx, outgoing));
  }
}

type Context = Koa.ParameterizedContext<RequestState>;
