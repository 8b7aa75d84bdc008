import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { GatewayError } from '../errors.ts';
import { reasonPhrase, trailerFields } from './answer-text.ts';
import { mustCloseAfterAnswer } from './early-answer.ts';
import { upstreamFailure } from './failure.ts';
import { responseHeaders } from './headers.ts';
import type { Outgoing } from './outgoing.ts';
import type { RequestBody } from './request-body.ts';
import type { Upstream } from './upstream.ts';

export interface AttemptEvents {
  /** The request is about to be written to a connection. */
  sendContinue(): void;
  /** The whole answer has been written to the client's response, but for its end. */
  onAnswered(): void;
  onFailed(error: GatewayError): void;
}

/** One attempt at a request: carries the answer from undici's parser to the client's response. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly upstream: Upstream;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #outgoing: Outgoing;
  readonly #body: RequestBody | null;
  readonly #events: AttemptEvents;
  #controller: Dispatcher.DispatchController | undefined;
  #abortedBy: GatewayError | undefined;
  #hasBegunBody = false;
  #isOver = false;
  /** Whether anything of the answer has come. */
  isAnswered = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    outgoing: Outgoing,
    upstream: Upstream,
    body: RequestBody | null,
    events: AttemptEvents,
  ) {
    this.#req = req;
    this.#res = res;
    this.#outgoing = outgoing;
    this.upstream = upstream;
    this.#body = body;
    this.#events = events;
  }

  dispatch(): void {
    const { target, headers } = this.#outgoing.headFor(this.upstream);
    const { firstByte, idle } = this.#outgoing.deadlines;
    this.upstream.outstanding += 1;
    this.upstream.dispatcher.dispatch(
      {
        path: target,
        method: (this.#req.method ?? 'GET') as Dispatcher.HttpMethod,
        headers,
        body: this.#body,
        // undici repeats nothing by itself, and must not start: what is not idempotent arrives at most once.
        idempotent: false,
        headersTimeout: firstByte,
        bodyTimeout: idle,
      },
      this,
    );
  }

  /** Whether the request may have been written to a connection, in part at least. */
  get isBegun(): boolean {
    return this.#controller !== undefined;
  }

  get hasSentBody(): boolean {
    return this.#body?.hasBeenRead ?? false;
  }

  /** Whether it is the client who is waited for. */
  get isPaused(): boolean {
    return this.#controller?.paused ?? false;
  }

  /** Before the request has been started there is no controller: it is then dropped at its start. */
  abort(reason: GatewayError): void {
    if (this.#isOver) return;
    this.#abortedBy = reason;
    this.#body?.destroy();
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abortedBy !== undefined) controller.abort(this.#abortedBy);
    else this.#events.sendContinue();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: IncomingHttpHeaders,
    reason?: string,
  ): void {
    this.isAnswered = true;
    // 1xx answers concern the connection to the upstream; the gateway has sent the client its own 100. Neither 100 nor
    // 101 comes here: nobody asks an upstream for them, and undici takes those not asked for as bad answers.
    if (status < 200) return;
    const coding = parsed['transfer-encoding'];
    // Chunks are taken apart here; any other coding would have to be too, since the field is not passed on. A repeated
    // field is an array.
    if (coding !== undefined && String(coding).toLowerCase() !== 'chunked') {
      throw new GatewayError('bad_gateway', `${this.upstream.origin}: Transfer-Encoding other than chunked`);
    }
    this.upstream.availability.succeeded();
    const { requestId, decidesCors } = this.#outgoing;
    const headers = responseHeaders(flat(controller.rawHeaders ?? parsed), requestId, decidesCors);
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

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#end();
    if (this.#res.chunkedEncoding) {
      this.#res.addTrailers(trailerFields(flat(controller.rawTrailers ?? trailers)));
    }
    this.#events.onAnswered();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#body?.destroy();
    const failure = upstreamFailure(error, this.upstream.origin);
    if (failure.fault === 'upstream' && this.#abortedBy === undefined) {
      this.upstream.availability.failed(failure.message);
    }
    this.#events.onFailed(failure);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.upstream.outstanding -= 1;
  }
}

/** Fields as a flat list of names and values: HTTP/1 gives them so, HTTP/2 as an object. */
function flat(fields: readonly (Buffer | string)[] | IncomingHttpHeaders): readonly (Buffer | string)[] {
  if (Array.isArray(fields)) return fields;
  return Object.entries(fields as IncomingHttpHeaders).flatMap(([name, value = []]) =>
    name.startsWith(':') ? [] : [value].flat().flatMap((one) => [name, one]),
  );
}
