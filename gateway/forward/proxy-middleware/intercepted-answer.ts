import { GatewayError } from '../../domain/errors.ts';
import { fieldsByName } from '../../fields/raw-fields.ts';
import { writeAnswerHead } from '../answer-head.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { InterceptedRequest } from './intercept.ts';
import type { LoadedModule } from './intercept-modules.ts';
import { intercepted, MOST_HELD } from './interception.ts';
import { type ClientSide, ProxiedAnswer } from './proxied-answer.ts';

/** An answer that is held until it is complete, then changed by a module of the operator. */
export class InterceptedAnswer extends ProxiedAnswer {
  readonly #client: ClientSide;
  readonly #request: InterceptedRequest;
  readonly #module: LoadedModule;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  readonly isPaused = false;

  /** @param onEnded is called at the end: with null when the answer is written to the client's response, except its end */
  constructor(
    client: ClientSide,
    server: Upstream,
    request: InterceptedRequest,
    module: LoadedModule,
    onEnded: (error: Error | null) => void,
  ) {
    super(client.outgoing, server, onEnded);
    this.#client = client;
    this.#request = request;
    this.#module = module;
  }

  protected override take(chunk: Buffer, done: () => void): void {
    this.#size += chunk.length;
    if (this.#size > MOST_HELD) {
      throw new GatewayError('bad_gateway', `an answer of more than ${MOST_HELD} bytes cannot be intercepted`);
    }
    this.#pieces.push(chunk);
    done();
  }

  protected override async finish(): Promise<void> {
    const { req, res, outgoing } = this.#client;
    const { status, reason, upstream } = this;
    const whole = { status, reason, fields: this.fields(), body: Buffer.concat(this.#pieces) };
    const head = { statusCode: status, statusMessage: reason, headers: fieldsByName(upstream.rawHeaders) };
    const answer = await intercepted(this.#module.intercept, whole, head, this.#request, outgoing.deadlines.idle).catch(
      (error: unknown) => {
        if (error instanceof GatewayError) throw error;
        throw new GatewayError('internal_error', `${this.#module.file} failed`, { cause: error });
      },
    );
    if (this.destroyed) return;
    writeAnswerHead(req, res, outgoing, answer.status, answer.reason, answer.fields);
    outgoing.tally.sent += answer.body.length;
    if (answer.body.length > 0) res.write(answer.body);
  }
}
