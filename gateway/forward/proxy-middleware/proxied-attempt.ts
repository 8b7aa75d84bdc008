import type { ClientRequest, IncomingMessage } from 'node:http';
import { GatewayError } from '../../domain/errors.ts';
import { fieldsByName } from '../../fields/raw-fields.ts';
import { sendHead } from '../../workarounds/node-head-octets.ts';
import { InterimCount, requireChunkedOrNone, requireStatus } from '../answer-head.ts';
import type { Attempt, AttemptEvents, Progress } from '../attempt.ts';
import { upstreamFailure } from '../failure.ts';
import type { RequestHead } from '../outgoing.ts';
import { RequestBody, type Turn } from '../request-body.ts';
import type { AttemptAccount } from '../upstream/attempt-account.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { LoadedModule } from './intercept-modules.ts';
import { interceptableHead } from './interceptable-request.ts';
import { InterceptedAnswer } from './intercepted-answer.ts';
import type { ClientSide, ProxiedAnswer, ProxiedResponse } from './proxied-answer.ts';
import { type ProxiedRequest, proxiedRequest, writeFields } from './proxied-request.ts';
import { StreamedAnswer } from './streamed-answer.ts';

/** Sends the attempts of a route through http-proxy-middleware. */
export interface ProxiedSender {
  readonly module: LoadedModule | null;
  /** Hands request and answer to http-proxy-middleware. Rejects when that fails; may stay pending otherwise. */
  send(attempt: ProxiedAttempt, request: ProxiedRequest, response: ProxiedResponse): Promise<void>;
}

/** How far the exchange with the upstream has come: no connection, the request, a 1xx, the head of the answer. */
type Phase = 'waiting' | 'begun' | 'interim' | 'answered';

/** An attempt through http-proxy-middleware, which reports by events what happens to the request. */
export class ProxiedAttempt implements Attempt {
  readonly upstream: Upstream;
  readonly #client: ClientSide;
  readonly #route: ProxiedSender;
  readonly #events: AttemptEvents;
  readonly #head: RequestHead;
  readonly #body: RequestBody | null;
  readonly #request: ProxiedRequest;
  readonly #answer: ProxiedAnswer;
  #timer: NodeJS.Timeout | undefined;
  #account: AttemptAccount | undefined;
  #phase: Phase = 'waiting';
  #isOver = false;

  constructor(client: ClientSide, upstream: Upstream, events: AttemptEvents, route: ProxiedSender) {
    const { req, outgoing } = client;
    const { hasBody } = outgoing;
    this.upstream = upstream;
    this.#client = client;
    this.#route = route;
    this.#events = events;
    const head = outgoing.headFor(upstream);
    this.#head = route.module === null ? head : interceptableHead(head);
    this.#body = hasBody ? new RequestBody(req, outgoing, this.#onTurn) : null;
    const method = req.method ?? 'GET';
    this.#request = proxiedRequest(method, this.#head, this.#body);
    const headers = fieldsByName(this.#head.headers);
    this.#answer =
      route.module === null
        ? new StreamedAnswer(client, upstream, this.#onEnded)
        : new InterceptedAnswer(
            client,
            upstream,
            { method, url: this.#head.target, headers },
            route.module,
            this.#onEnded,
          );
  }

  dispatch(): void {
    this.#account = this.upstream.begin();
    this.#route.send(this, this.#request, this.#answer).catch(this.onError);
  }

  get progress(): Progress {
    if (this.#phase === 'interim' || this.#phase === 'answered') return 'answered';
    return this.#body?.isBegun ? 'body taken' : this.#phase;
  }

  get isPaused(): boolean {
    return this.#answer.isPaused;
  }

  get waitsForClient(): boolean {
    return this.isPaused || this.#body?.turn === 'client';
  }

  abort(reason: GatewayError): void {
    if (!this.#isOver) this.#end(reason);
  }

  /** The request has a connection, to which nothing has been written. */
  onRequest(proxyReq: ClientRequest): void {
    if (this.#isOver) {
      proxyReq.destroy();
      return;
    }
    this.#phase = 'begun';
    writeFields(proxyReq, this.#head, this.#body !== null);
    // 1xx answers concern the connection to the upstream; the gateway has sent the client its own 100.
    const interim = new InterimCount();
    proxyReq.on('information', () => {
      this.#phase = 'interim';
      this.#timer?.refresh();
      try {
        interim.add();
      } catch (error) {
        this.onError(error);
      }
    });
    // Node reports no error when the upstream switches the protocol without a request to do so.
    proxyReq.once('close', () => {
      if (this.#phase !== 'answered') this.onError(new Error('the connection ended without an answer'));
    });
    this.#events.sendContinue();
    if (this.#body === null) this.#onTurn('upstream');
    else sendHead(proxyReq);
  }

  /** The head of the answer has arrived; the library reads it next. */
  onResponse(answer: IncomingMessage): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#phase = 'answered';
    requireChunkedOrNone(answer.headers['transfer-encoding']);
    // Refuses 101 too; Node reports other interim answers as `information`.
    requireStatus(answer.statusCode, this.upstream.origin);
    this.#account?.answered();
    this.#answer.begin(answer);
    // The rest of the request body is read and discarded.
    answer.once('end', () => this.#request.destroy());
  }

  onError = (error: unknown): void => {
    if (this.#isOver) return;
    const failure = upstreamFailure(error);
    this.#end(failure);
    this.#events.onFailed(failure);
  };

  readonly #onEnded = (error: Error | null): void => {
    if (error !== null) {
      this.onError(error);
    } else if (!this.#isOver) {
      this.#end(null);
      this.#events.onAnswered(null);
    }
  };

  /** The upstream's deadline runs only while the attempt waits for the upstream. */
  readonly #onTurn = (turn: Turn): void => {
    clearTimeout(this.#timer);
    if (turn === 'client' || this.#phase === 'answered') return;
    const { firstByte } = this.#client.outgoing.deadlines;
    const detail = `no answer within ${firstByte} ms`;
    this.#timer = setTimeout(() => this.onError(new GatewayError('gateway_timeout', detail)), firstByte);
  };

  #end(failure: GatewayError | null): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (failure === null) this.#account?.ended();
    // A timeout of an upstream that waits for a slow client is not the upstream's fault.
    else this.#account?.failed(failure, !this.waitsForClient);
    // The library closes its connection when its response closes early.
    this.#answer.destroy();
    this.#request.destroy();
  }
}
