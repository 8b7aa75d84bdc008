import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { GatewayError } from '../errors.ts';
import { reasonPhrase, trailerFields } from './answer-text.ts';
import { mustCloseAfterAnswer } from './early-answer.ts';
import { clientClosed, upstreamFailure } from './failure.ts';
import { responseHeaders } from './headers.ts';
import { RequestBody } from './request-body.ts';
import type { Upstream } from './upstreams.ts';

/** One request on its way out: decided, and with its head written. */
export interface Outgoing {
  readonly upstream: Upstream;
  readonly target: string;
  readonly headers: string[];
  readonly hasBody: boolean;
  readonly awaitsContinue: boolean;
  readonly requestId: string;
  /** Milliseconds that the client may send nothing while the upstream waits for it, or take nothing of its answer. */
  readonly clientIdle: number;
}

/**
 * Forwards a request through undici and streams the answer back, with back-pressure both ways.
 *
 * Resolves when the answer has been handed over in full.
 *
 * @throws GatewayError 502, 504, 408, or 499 when the client went away. When `res.headersSent`, the answer had begun: the
 *   connection must then be cut, so that what is truncated looks truncated.
 */
export function forwardHttp(req: IncomingMessage, res: ServerResponse, outgoing: Outgoing): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = outgoing.hasBody ? new RequestBody(req, outgoing.clientIdle) : null;
    const exchange = new Exchange(req, res, outgoing, body, resolve, reject);
    outgoing.upstream.pool.dispatch(
      {
        path: outgoing.target,
        method: (req.method ?? 'GET') as Dispatcher.HttpMethod,
        headers: outgoing.headers,
        body,
        // undici repeats nothing by itself, and must not start: what is not idempotent arrives at most once.
        idempotent: false,
      },
      exchange,
    );
  });
}

/** Carries one answer from undici's parser to the client's response. A class, since one is made for each request. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #outgoing: Outgoing;
  readonly #body: RequestBody | null;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #hasBegunBody = false;
  #isOver = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    outgoing: Outgoing,
    body: RequestBody | null,
    resolve: () => void,
    reject: (error: Error) => void,
  ) {
    this.#req = req;
    this.#res = res;
    this.#outgoing = outgoing;
    this.#body = body;
    this.#resolve = resolve;
    this.#reject = reject;
    res.once('close', this.#onClientClose);
    res.on('timeout', this.#onSocketIdle);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) {
      controller.abort(clientClosed());
      return;
    }
    // Only now is there somebody who will read the body.
    if (this.#outgoing.awaitsContinue) this.#res.writeContinue();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: IncomingHttpHeaders,
    reason?: string,
  ): void {
    // 1xx answers concern the connection to the upstream; the gateway has sent the client its own 100. Neither 100 nor
    // 101 comes here: nobody asks an upstream for them, and undici takes those not asked for as bad answers.
    if (status < 200) return;
    const coding = parsed['transfer-encoding'];
    // Chunks are taken apart here; any other coding would have to be too, since the field is not passed on. A repeated
    // field is an array.
    if (coding !== undefined && String(coding).toLowerCase() !== 'chunked') {
      throw new GatewayError('bad_gateway', `${this.#outgoing.upstream.origin}: Transfer-Encoding other than chunked`);
    }
    const headers = responseHeaders(controller.rawHeaders as Buffer[], this.#outgoing.requestId);
    if (mustCloseAfterAnswer(this.#req, this.#res, false)) headers.push('Connection', 'close');
    this.#res.writeHead(status, reasonPhrase(reason ?? ''), headers);
    // An event stream may send its first byte much later than its head; most bodies come along with the head.
    process.nextTick(() => {
      if (!this.#hasBegunBody && !this.#res.writableEnded) this.#res.flushHeaders();
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#hasBegunBody = true;
    if (this.#res.write(chunk) || controller.paused) return;
    controller.pause();
    this.#res.once('drain', () => controller.resume());
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#isOver = true;
    if (this.#res.chunkedEncoding) this.#res.addTrailers(trailerFields(controller.rawTrailers as Buffer[]));
    this.#res.end(this.#resolve);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#isOver = true;
    this.#body?.destroy();
    this.#reject(upstreamFailure(error, this.#outgoing.upstream.origin));
  }

  #onClientClose = (): void => {
    // Nothing happens to what has been resolved.
    this.#reject(clientClosed());
    if (this.#isOver) return;
    this.#isOver = true;
    this.#body?.destroy();
    // Before the request has been started there is no controller: it is then dropped at its start.
    this.#controller?.abort(clientClosed());
  };

  /** Nothing has moved on the client's connection for `timeouts.idle`: whose turn is it? */
  #onSocketIdle = (): void => {
    const clientDoesNotRead = this.#res.writableEnded || this.#controller?.paused;
    if (!clientDoesNotRead) return;
    this.#reject(new GatewayError('request_timeout', 'the client stopped reading the answer'));
    this.#res.destroy();
  };
}
