import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Soon } from '../soon.ts';
import type { RequestRecord } from '../state.ts';
import { logWhenOver, type RequestMeter } from './access-log.ts';
import { type AppStages, createApp } from './app.ts';
import type { Decide, Decision } from './decide.ts';
import type { Depart } from './departure.ts';
import type { ErrorPage } from './error-page.ts';
import { answerError, asGatewayError } from './error-response.ts';
import { type Arrival, createForward } from './forwarding.ts';
import { type Head, readHead } from './head.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import { newRecord, requestId } from './record.ts';
import { isBelow } from './routes.ts';
import { type StrictTransport, tellStrictTransport } from './strict-transport.ts';

/** @returns what the log will tell of the request */
export type OnRequest = (req: IncomingMessage, res: ServerResponse) => RequestRecord;

export interface Pipeline extends Omit<AppStages, 'decideOn' | 'forward' | 'refuse'> {
  readonly meter: RequestMeter;
  readonly prefix: string;
  readonly decide: Decide;
  readonly depart: Depart;
  readonly exchanges: OpenExchanges;
  readonly errorPage: ErrorPage;
  readonly strictTransport: StrictTransport;
  /** The address of whoever sends a request, as far as trusted proxies say. */
  readonly clientOf: (req: IncomingMessage) => string;
}

/**
 * The way of a request, in order: read its head, decide on it, forward it. Where everything is known, the request is on its
 * way to the upstream before this returns. What is not simply forwarded is answered by the Koa app.
 */
export function createPipeline(stages: Pipeline): OnRequest {
  const { log, meter, prefix, errorPage, cors, depart, exchanges, proxiedRoutes, clientOf, strictTransport } = stages;
  const forward = createForward(depart, exchanges);
  const app = createApp({ ...stages, decideOn, forward, refuse });

  return (req, res) => {
    const record = newRecord(req, clientOf(req));
    logWhenOver(log, meter, record, req, res);
    let head: Head;
    try {
      head = readHead(req);
    } catch (thrown) {
      answerFailure(req, res, record, null, thrown);
      return record;
    }
    record.id = requestId(head.requestId);
    const arrival = { req, res, head, record };
    // Before anybody has proven who they are, a page of another origin may ask what it may ask.
    if (cors !== null && head.origin !== undefined) answerByApp(arrival, null);
    else takeIn(arrival);
    return record;
  };

  function takeIn(arrival: Arrival): void {
    const fail = (thrown: unknown) => refuse(arrival, thrown);
    try {
      const decided = decideOn(arrival);
      if (decided instanceof Promise) decided.then((decision) => proceed(arrival, decision)).catch(fail);
      else proceed(arrival, decided)?.catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  }

  function decideOn({ req, head, record }: Arrival): Soon<Decision> {
    const asked = {
      method: record.method,
      url: req.url ?? '',
      head,
      client: record.client,
      peer: req.socket.remoteAddress,
      isHandshake: false,
    };
    if (!head.hasBody) return stages.decide(asked, record);
    // What has come of a body together with its head must have been read: it may be malformed, or all that there is.
    return Promise.resolve().then(() => stages.decide(asked, record));
  }

  function proceed(arrival: Arrival, decision: Decision): Promise<void> | undefined {
    if (decision.kind === 'forward' && !proxiedRoutes.has(decision.route)) return forward(arrival, decision, null);
    answerByApp(arrival, decision);
    return undefined;
  }

  function answerByApp(arrival: Arrival, decision: Decision | null): void {
    tellStrictTransport(strictTransport, arrival.req, arrival.res);
    app.answer(arrival, decision);
  }

  function refuse({ req, res, head, record }: Arrival, thrown: unknown): void {
    answerFailure(req, res, record, head, thrown);
  }

  function answerFailure(
    req: IncomingMessage,
    res: ServerResponse,
    record: RequestRecord,
    head: Head | null,
    thrown: unknown,
  ): void {
    const error = asGatewayError(thrown);
    record.failure ??= error;
    record.id ||= requestId(undefined);
    tellStrictTransport(strictTransport, req, res);
    record.sent += answerError(req, res, error, {
      requestId: record.id,
      // What does not begin with a slash is no browser's request, and could name a path below the prefix.
      page:
        record.path.startsWith('/') && !isBelow(record.path, prefix) && app.prefersHtml(req, res) ? errorPage : null,
      awaitsContinue: head?.expectsContinue ?? true,
    });
  }
}
