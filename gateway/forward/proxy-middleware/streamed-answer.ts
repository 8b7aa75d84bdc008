import { sendHead } from '../../workarounds/node-head-octets.ts';
import { writeAnswerHead } from '../answer-head.ts';
import { trailerFields } from '../headers/response-headers.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type ClientSide, ProxiedAnswer } from './proxied-answer.ts';

/** An answer that is streamed to the client, with back-pressure. */
export class StreamedAnswer extends ProxiedAnswer {
  readonly #client: ClientSide;
  isPaused = false;

  /** @param onEnded is called at the end: with null when the answer is written to the client's response, except its end */
  constructor(client: ClientSide, server: Upstream, onEnded: (error: Error | null) => void) {
    super(client.outgoing, server, onEnded);
    this.#client = client;
  }

  override begin(upstream: Parameters<ProxiedAnswer['begin']>[0]): void {
    super.begin(upstream);
    // An event stream may send its first byte long after its head; most bodies arrive together with the head.
    setImmediate(() => {
      const { res } = this.#client;
      if (this.destroyed || res.headersSent) return;
      try {
        this.#writeHead();
        sendHead(res);
      } catch (error) {
        this.destroy(error as Error);
      }
    });
  }

  protected override take(chunk: Buffer, done: () => void): void {
    const { res, outgoing } = this.#client;
    this.#writeHead();
    outgoing.tally.sent += chunk.length;
    if (res.write(chunk)) {
      done();
      return;
    }
    this.isPaused = true;
    res.once('drain', () => {
      this.isPaused = false;
      done();
    });
  }

  protected override async finish(): Promise<void> {
    const { res } = this.#client;
    this.#writeHead();
    if (res.chunkedEncoding) res.addTrailers(trailerFields(this.upstream.rawTrailers));
  }

  #writeHead(): void {
    const { req, res, outgoing } = this.#client;
    if (!res.headersSent) writeAnswerHead(req, res, outgoing, this.status, this.reason, this.fields());
  }
}
