import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { GatewayError } from '../../domain/errors.ts';
import { sendHead } from '../../workarounds/node-head-octets.ts';
import { expectHead, type HeldHead } from '../../workarounds/undici-early-head.ts';
import { expectStream, type Http2Stream } from '../../workarounds/undici-http2-stream.ts';
import { InterimCount, reasonPhrase, requireChunkedOrNone, requireStatus, writeAnswerHead } from '../answer-head.ts';
import type { Attempt, AttemptEvents, Progress } from '../attempt.ts';
import { MOST_UNSENT } from '../client-side.ts';
import { upstreamFailure } from '../failure.ts';
import { rewrittenFields } from '../headers/answer-rewrite.ts';
import { trailerFields } from '../headers/response-headers.ts';
import type { Outgoing } from '../outgoing.ts';
import { RequestBody, type Turn } from '../request-body.ts';
import type { AttemptAccount } from '../upstream/attempt-account.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { dispatchOptions } from './dispatch-options.ts';
import { flatFields } from './http2-fields.ts';

/** How far the answer has come: its first part, be it 1xx; its head, with the body held back; its body. */
type AnswerPhase = 'awaited' | 'begun' | 'held' | 'flowing';

/** An attempt through undici, which writes the answer from undici's parser to the client's response. */
export class UndiciAttempt implements Attempt, Dispatcher.DispatchHandler {
  readonly upstream: Upstream;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #outgoing: Outgoing;
  readonly #body: RequestBody | null;
  readonly #events: AttemptEvents;
  #controller: Dispatcher.DispatchController | undefined;
  #stream: Http2Stream | undefined;
  #requestHead: HeldHead | undefined;
  #hasSentRequestHead = false;
  #isOverHttp2 = false;
  #failure: GatewayError | null = null;
  #timer: NodeJS.Timeout | undefined;
  #account: AttemptAccount | undefined;
  #answer: AnswerPhase = 'awaited';
  readonly #interim = new InterimCount();
  /** The first piece of the answer's body, held back for this turn of the event loop: it may be the whole body. */
  #held: Buffer | null = null;
  #isOver = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    outgoing: Outgoing,
    upstream: Upstream,
    events: AttemptEvents,
  ) {
    this.#req = req;
    this.#res = res;
    this.#outgoing = outgoing;
    this.upstream = upstream;
    this.#events = events;
    const { hasBody } = outgoing;
    this.#body = hasBody ? new RequestBody(req, outgoing, (turn) => this.#onTurn(turn)) : null;
  }

  dispatch(): void {
    this.#account = this.upstream.begin();
    const { group, deadlines } = this.#outgoing;
    // With HTTP/2, requests also wait for connections that others are opening, which undici gives no deadline.
    if (group.settings.http2) this.#timer = setTimeout(() => this.#onNoConnection(), deadlines.connect);
    const options = dispatchOptions(this.#req.method ?? 'GET', this.#body, this.#outgoing, this.upstream);
    this.upstream.dispatcher.dispatch(options, this);
  }

  get progress(): Progress {
    if (this.#answer !== 'awaited') return 'answered';
    if (this.#body?.isBegun) return 'body taken';
    if (this.#controller === undefined) return 'waiting';
    const isHeadHeld = this.#body !== null && !this.#outgoing.group.settings.http2 && !this.#hasSentRequestHead;
    return isHeadHeld ? 'connected' : 'begun';
  }

  get isPaused(): boolean {
    return this.#controller?.paused ?? false;
  }

  get waitsForClient(): boolean {
    return this.isPaused || this.#body?.turn === 'client';
  }

  /** Where undici has not started the request, it is aborted at its start. */
  abort(reason: GatewayError): void {
    if (this.#isOver) return;
    this.#end(reason);
    this.#body?.destroy();
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== null) {
      controller.abort(this.#failure);
      return;
    }
    if (this.#outgoing.group.settings.http2) {
      clearTimeout(this.#timer);
      expectStream(this.#outgoing.requestId, (stream) => {
        this.#stream = stream;
      });
    }
    if (this.#body !== null) {
      expectHead(this.#body, (head) => {
        this.#requestHead = head;
        // The part of the body that has arrived by then is sent together with the head.
        setImmediate(sendAhead, this);
      });
    }
    this.#events.sendContinue();
  }

  /** Sends the head of a request whose body has not arrived yet: the upstream may answer the head alone. */
  sendRequestHead(): void {
    if (this.#isOver || this.#body?.isBegun !== false) return;
    this.#hasSentRequestHead = true;
    this.#requestHead?.send();
  }

  onResponseStarted(): void {
    this.#answer = 'begun';
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: IncomingHttpHeaders,
    reason?: string,
  ): void {
    this.#answer = 'begun';
    // 1xx answers concern the connection to the upstream; the gateway has sent the client its own 100. Neither 100 nor
    // 101 arrives here: no request asks for them, and undici reports unrequested ones as bad answers.
    if (status >= 100 && status < 200) {
      this.#interim.add();
      this.#timer?.refresh();
      return;
    }
    requireStatus(status, this.upstream.origin);
    requireChunkedOrNone(parsed['transfer-encoding']);
    this.#isOverHttp2 = this.#outgoing.group.settings.http2 && !Array.isArray(controller.rawHeaders);
    const sent = flatFields(controller.rawHeaders ?? parsed);
    const fields = rewrittenFields(sent, status, this.#outgoing, this.upstream);
    writeAnswerHead(this.#req, this.#res, this.#outgoing, status, reasonPhrase(reason ?? ''), fields);
    this.#answer = 'held';
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#account?.answered();
    // An event stream may send its first byte long after its head; most bodies arrive together with the head.
    process.nextTick(flushHeld, this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#answer === 'held' && this.#held === null) {
      this.#held = chunk;
      return;
    }
    this.flushHeld();
    this.#write(controller, chunk);
  }

  /** Writes the part of the body that is held back, or else the head alone, to the client. */
  flushHeld(): void {
    if (this.#answer !== 'held') return;
    this.#answer = 'flowing';
    if (this.#isOver) return;
    const held = this.#held;
    this.#held = null;
    if (held !== null && this.#controller !== undefined) this.#write(this.#controller, held);
    else sendHead(this.#res);
  }

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#outgoing.tally.sent += chunk.length;
    if (this.#res.write(chunk) || this.#res.writableLength < MOST_UNSENT || controller.paused) return;
    controller.pause();
    this.#res.once('drain', () => controller.resume());
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    // Without the stream, the end is not known to be the upstream's own: it counts as a truncated answer.
    if (this.#isOverHttp2 && this.#stream?.isWhole() !== true) throw new Error('the answer was cut');
    if (this.#res.chunkedEncoding) {
      this.#res.addTrailers(trailerFields(flatFields(controller.rawTrailers ?? trailers)));
    }
    this.#end(null);
    this.#body?.destroy();
    this.#events.onAnswered(this.#held);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(upstreamFailure(error));
  }

  /** The upstream's deadline runs only while the attempt waits for the upstream. */
  #onTurn(turn: Turn): void {
    clearTimeout(this.#timer);
    if (turn === 'client' || this.#answer === 'held' || this.#answer === 'flowing') return;
    this.#timer = setTimeout(() => this.#onNoHead(), this.#outgoing.deadlines.firstByte);
  }

  #onNoConnection(): void {
    this.#fail(this.#tooSlow(`no connection within ${this.#outgoing.deadlines.connect} ms`));
  }

  #onNoHead(): void {
    this.#controller?.abort(this.#tooSlow(`no answer within ${this.#outgoing.deadlines.firstByte} ms`));
  }

  #tooSlow(detail: string): GatewayError {
    return new GatewayError('gateway_timeout', detail);
  }

  #fail(failure: GatewayError): void {
    if (this.#isOver) return;
    this.#end(failure);
    this.#body?.destroy();
    this.#events.onFailed(failure);
  }

  #end(failure: GatewayError | null): void {
    this.#isOver = true;
    this.#failure = failure;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (failure !== null || this.#body?.readableEnded === false) this.#stream?.cancel();
    if (failure === null) this.#account?.ended();
    // A timeout of an upstream that waits for a slow client is not the upstream's fault.
    else this.#account?.failed(failure, !this.waitsForClient);
  }
}

function flushHeld(attempt: UndiciAttempt): void {
  attempt.flushHeld();
}

function sendAhead(attempt: UndiciAttempt): void {
  attempt.sendRequestHead();
}
