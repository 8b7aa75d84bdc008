import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { GatewayError } from '../../domain/errors.ts';
import { rewrittenFields } from '../headers/answer-rewrite.ts';
import { reasonPhrase } from '../headers/answer-text.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The client's exchange that an answer belongs to. */
export interface ClientSide {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly outgoing: Outgoing;
}

/**
 * What http-proxy-middleware takes for the client's response. The client's own is kept from it: the library would write
 * the upstream's fields over those that the gateway has set, in one line where there were several, and would cut the
 * connection before anybody could answer with an error.
 */
export abstract class ProxiedAnswer extends Writable {
  /** The library writes these two; what counts is what the upstream said. */
  statusCode = 0;
  statusMessage = '';
  readonly headersSent = false;
  readonly #idle: number;
  readonly #onEnded: (error: Error | null) => void;
  readonly #outgoing: Outgoing;
  readonly #server: Upstream;
  #upstream: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param server where it comes from
   * @param onEnded is told of the end: null when all of it has been written to the client's response
   */
  constructor(outgoing: Outgoing, server: Upstream, onEnded: (error: Error | null) => void) {
    super();
    this.#outgoing = outgoing;
    this.#server = server;
    this.#idle = outgoing.deadlines.idle;
    this.#onEnded = onEnded;
  }

  /** Whether it is the client who is waited for. */
  abstract readonly isPaused: boolean;
  /** Takes a piece. @param done is called when it may be followed by another */
  protected abstract take(chunk: Buffer, done: () => void): void;
  /** All pieces have been taken. */
  protected abstract finish(): Promise<void>;

  /** The head has come, and the library is about to read it. */
  begin(upstream: IncomingMessage): void {
    this.#upstream = upstream;
    this.#watch();
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  /** What the library makes of the upstream's fields is of no interest. */
  setHeader(): this {
    return this;
  }

  protected get upstream(): IncomingMessage {
    if (this.#upstream === undefined) throw new TypeError('an answer without a head');
    return this.#upstream;
  }

  protected get status(): number {
    return this.upstream.statusCode ?? 502;
  }

  protected get reason(): string {
    return reasonPhrase(this.upstream.statusMessage ?? '');
  }

  /** The upstream's fields, flat, as the route rewrites them. */
  protected fields(): string[] {
    const { rawHeaders } = this.upstream;
    return rewrittenFields(rawHeaders, this.status, this.#outgoing, this.#server).map(String);
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    clearTimeout(this.#timer);
    try {
      this.take(chunk, () => {
        this.#watch();
        callback();
      });
    } catch (error) {
      callback(error as Error);
    }
  }

  override _final(callback: (error?: Error) => void): void {
    clearTimeout(this.#timer);
    this.finish().then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error: null) => void): void {
    clearTimeout(this.#timer);
    this.#onEnded(this.writableFinished ? null : (error ?? new Error('the answer was cut')));
    // Who made it has heard of the error, and an `error` event would be nobody's.
    callback(null);
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.destroy(new GatewayError('gateway_timeout', `the upstream sent nothing for ${this.#idle} ms`));
    }, this.#idle);
  }
}
