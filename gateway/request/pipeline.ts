import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import { GatewayError } from '../errors.ts';
import { clientClosed } from '../forward/failure.ts';
import { forwardHttp } from '../forward/http.ts';
import type { Logger } from '../ops/log.ts';
import type { RouteSettings } from '../settings/schema.ts';
import type { AskedPage, Identity, RequestRecord } from '../state.ts';
import { logWhenOver, type RequestMeter } from './access-log.ts';
import type { CorsStage } from './cors.ts';
import type { Decide, Decision } from './decide.ts';
import type { Depart } from './departure.ts';
import { answerError, asGatewayError } from './error-response.ts';
import { type Head, readHead } from './head.ts';
import { type OpenExchanges, voidMeanwhile } from './open-exchanges.ts';
import type { ProxiedRoute } from './proxied-route.ts';
import { newRecord, requestId } from './record.ts';
import { isBelow } from './routes.ts';

/** What each stage may count on: nothing is optional once the stage that sets it has run. */
export interface RequestState extends Koa.DefaultState {
  record: RequestRecord;
  head: Head;
  decision: Decision;
}

export interface Pipeline {
  readonly log: Logger;
  readonly meter: RequestMeter;
  readonly prefix: string;
  /** Answers preflights, and marks what pages of other origins may read. */
  readonly cors: CorsStage;
  readonly decide: Decide;
  readonly depart: Depart;
  /** The last stage, for the routes that have another than `forwardHttp`. */
  readonly proxiedRoutes: ReadonlyMap<RouteSettings, ProxiedRoute>;
  /** The gateway's own endpoints below the prefix. */
  readonly tokenEndpoints: Koa.Middleware<{ identity: Identity }>;
  /** Answers for the pages of account owners; its rejections are answered as every other. */
  pages(req: IncomingMessage, res: ServerResponse, asked: AskedPage): Promise<void>;
  readonly exchanges: OpenExchanges;
  /** The address of whoever sends a request, as far as trusted proxies say. */
  readonly clientOf: (req: IncomingMessage) => string;
}

/** The way of a request, in order. */
export function createPipeline({
  log,
  meter,
  prefix,
  cors,
  decide,
  depart,
  proxiedRoutes,
  tokenEndpoints,
  pages,
  exchanges,
  clientOf,
}: Pipeline): Koa<RequestState> {
  const app = new Koa<RequestState>();
  app.use(recordAndAnswerErrors);
  app.use(cors);
  app.use(decideOnIt);
  app.use(answerOwnEndpoints);
  app.use(answerPages);
  app.use(forward);
  // Koa reports what its own plumbing meets after an answer has begun, such as a client that left.
  app.on('error', (error) => log.debug({ err: error }, 'answer not delivered'));
  return app;

  async function recordAndAnswerErrors(ctx: Koa.ParameterizedContext<RequestState>, next: Koa.Next): Promise<void> {
    const { req, res } = ctx;
    const record = newRecord(req);
    ctx.state.record = record;
    logWhenOver(log, meter, record, res);
    let head: Head | null = null;
    try {
      head = readHead(req);
      ctx.state.head = head;
      record.id = requestId(head.requestId);
      await next();
    } catch (thrown) {
      const error = asGatewayError(thrown);
      record.failure ??= error;
      record.id ||= requestId(undefined);
      ctx.respond = false;
      answerError(req, res, error, {
        requestId: record.id,
        // What does not begin with a slash is no browser's request, and could name a path below the prefix.
        html: record.path.startsWith('/') && !isBelow(record.path, prefix) && ctx.accepts('json', 'html') === 'html',
        awaitsContinue: head?.expectsContinue ?? true,
      });
    }
  }

  async function decideOnIt(ctx: Koa.ParameterizedContext<RequestState>, next: Koa.Next): Promise<void> {
    const { head, record } = ctx.state;
    ctx.state.decision = await decide(
      { method: ctx.method, url: ctx.req.url ?? '', head, client: clientOf(ctx.req) },
      record,
    );
    await next();
  }

  async function answerOwnEndpoints(ctx: Koa.ParameterizedContext<RequestState>, next: Koa.Next): Promise<void> {
    const { decision, record } = ctx.state;
    if (decision.kind !== 'tokens') return next();
    ctx.set('X-Request-Id', record.id);
    ctx.url = decision.target.path + decision.target.query;
    ctx.state.identity = decision.identity;
    await tokenEndpoints(ctx as unknown as Parameters<typeof tokenEndpoints>[0], async () => {
      throw new GatewayError('not_found', 'no such endpoint');
    });
  }

  async function answerPages(ctx: Koa.ParameterizedContext<RequestState>, next: Koa.Next): Promise<void> {
    const { decision, record } = ctx.state;
    if (decision.kind !== 'pages') return next();
    record.route = 'pages';
    ctx.respond = false;
    const { req, res } = ctx;
    await pages(req, res, {
      url: decision.target.path + decision.target.query,
      requestId: record.id,
      client: clientOf(req),
      onFailure(error) {
        record.failure = error;
      },
      onOwner(accountId) {
        record.accountId = accountId;
      },
    });
  }

  async function forward(ctx: Koa.ParameterizedContext<RequestState>): Promise<void> {
    const { decision, head, record } = ctx.state;
    if (decision.kind !== 'forward') return;
    // The listener has ended the connection when a body that came along with its head turned out to be malformed.
    if (!ctx.req.socket.writable) throw clientClosed();
    ctx.respond = false;
    const { req, res } = ctx;
    const outgoing = depart(req, head, decision, record);
    const { identity } = decision;
    const proxied = proxiedRoutes.get(decision.route);
    const sent = () => (proxied === undefined ? forwardHttp(req, res, outgoing) : proxied(ctx, outgoing));
    if (identity?.by !== 'token') return await sent();
    const exchange = {
      identity,
      // One that only waits for its answer is left alone: it was good when it was sent.
      end() {
        if (!res.headersSent && req.complete) return;
        record.failure = voidMeanwhile();
        res.destroy();
      },
      goAway() {},
    };
    exchanges.add(exchange);
    try {
      await sent();
    } finally {
      exchanges.delete(exchange);
    }
  }
}
