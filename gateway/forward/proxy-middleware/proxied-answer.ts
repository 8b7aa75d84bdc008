import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { GatewayError } from '../../domain/errors.ts';
import { reasonPhrase } from '../answer-head.ts';
import { rewrittenFields } from '../headers/answer-rewrite.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The client's request and response, and what was decided about them. */
export interface ClientSide {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly outgoing: Outgoing;
}

/** The members of a response that http-proxy-middleware uses. */
export interface ProxiedResponse
  extends Writable,
    Pick<ServerResponse, 'statusCode' | 'statusMessage' | 'headersSent' | 'finished'> {
  setHeader(name: string, value: number | string | readonly string[]): unknown;
}

/**
 * Stands for the client's response towards http-proxy-middleware. With the real one, the library would overwrite fields
 * that the gateway has set, join repeated fields into one line, and cut the connection before the gateway could answer
 * with an error.
 */
export abstract class ProxiedAnswer extends Writable implements ProxiedResponse {
  /** Written by the library, and not used: status and reason come from the upstream's head. */
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
   * @param server that sends the answer
   * @param onEnded is called at the end: with null when the whole answer has been written to the client's response
   */
  constructor(outgoing: Outgoing, server: Upstream, onEnded: (error: Error | null) => void) {
    super();
    this.#outgoing = outgoing;
    this.#server = server;
    this.#idle = outgoing.deadlines.idle;
    this.#onEnded = onEnded;
  }

  /** Whether the answer is paused because the client does not read it. */
  abstract readonly isPaused: boolean;
  /** Takes a piece of the body. @param done asks for the next one */
  protected abstract take(chunk: Buffer, done: () => void): void;
  /** The body is complete. */
  protected abstract finish(): Promise<void>;

  /** The head has arrived; the library reads it next. */
  begin(upstream: IncomingMessage): void {
    this.#upstream = upstream;
    this.#watch();
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  /** Ignores the fields that the library writes: they come from `fields`. */
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

  /** The upstream's fields, rewritten by the route. */
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
    // `onEnded` has reported the error: an `error` event without a listener would end the process.
    callback(null);
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.destroy(new GatewayError('gateway_timeout', `the upstream sent nothing for ${this.#idle} ms`));
    }, this.#idle);
  }
}
