import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Scope } from '../../../test/lab/scope.ts';
import { OPENING, USUAL, USUAL_TO_HEAD } from './answer-scripts.ts';
import { fillAnswer, type Mark, marksIn, PLACE } from './marks.ts';
import { type Fields, STRICT, valuesOf } from './message-lines.ts';
import { type ReadRequest, readRequests } from './read-requests.ts';
import type { AnswerScript } from './scenario.ts';

/** A request that has reached an upstream. */
export interface Arrived {
  readonly serial: number;
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
  /** As far as it has arrived, without its chunks. */
  body: string;
  trailers: Fields;
  isComplete: boolean;
  /** What has come after its answer of 101. */
  tunnelled: string;
}

/** The number of the next request, among those to all upstreams. */
export type NextSerial = () => number;

export interface RawUpstream {
  readonly url: string;
  /** Forgets what has arrived, and answers with these from now on. */
  begin(answers: readonly AnswerScript[]): void;
  readonly arrived: readonly Arrived[];
  /**
   * Whether the rest of an answer may have met the next request on its way. Nobody can tell it from the answer to that: the
   * connection was free when the request left.
   */
  readonly hasRaced: boolean;
  /** What a strict server would refuse. */
  readonly faults: readonly string[];
  /** The bytes of each connection since then, and of the request that was under way; without those of a tunnel. */
  connections(): readonly string[];
}

interface State {
  readonly nextSerial: NextSerial;
  answers: readonly AnswerScript[];
  arrived: Arrived[];
  faults: string[];
  hasRaced: boolean;
}

/** Milliseconds that bytes may take to the gateway, on a busy machine. */
const ON_ITS_WAY = 30;

/** A server on sockets, which records every byte and answers by scripts. */
export async function rawUpstream(scope: Scope, nextSerial: NextSerial): Promise<RawUpstream> {
  const state: State = { nextSerial, answers: [], arrived: [], faults: [], hasRaced: false };
  const open = new Set<Connection>();
  const closed: string[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new Connection(socket, state);
    open.add(connection);
    socket.once('close', () => {
      open.delete(connection);
      closed.push(connection.recorded);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scope.teardown(() => {
    server.close();
    for (const { socket } of open) socket.destroy();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begin(answers) {
      Object.assign(state, { answers, arrived: [], faults: [], hasRaced: false });
      closed.length = 0;
      for (const connection of open) connection.forget();
    },
    get arrived() {
      return state.arrived;
    },
    get hasRaced() {
      return state.hasRaced;
    },
    get faults() {
      return state.faults;
    },
    connections: () => [...closed, ...[...open].map(({ recorded }) => recorded)],
  };
}

class Connection {
  readonly socket: Socket;
  readonly #state: State;
  #bytes = '';
  /** Where the request under way begins. */
  #begins = 0;
  #current: Arrived | null = null;
  #tunnel: Arrived | null = null;
  #isBroken = false;
  /** When the rest of an answer was written, or will be. */
  #lateAt = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket, state: State) {
    this.socket = socket;
    this.#state = state;
    socket.setEncoding('latin1');
    socket.on('data', (bytes: string) => this.#onData(bytes));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
  }

  get recorded(): string {
    return this.#tunnel === null ? this.#bytes : this.#bytes.slice(0, this.#begins);
  }

  forget(): void {
    this.#bytes = this.#bytes.slice(this.#begins);
    this.#begins = 0;
  }

  #onData(bytes: string): void {
    this.#bytes += bytes;
    if (this.#isBroken) return;
    if (this.#tunnel !== null) {
      this.#tunnel.tunnelled += bytes;
      return;
    }
    while (this.#begins < this.#bytes.length && this.#tunnel === null && this.#readOne());
  }

  /** @returns whether a whole request has been read */
  #readOne(): boolean {
    const pending = this.#bytes.slice(this.#begins);
    const { requests, rest } = readRequests(pending, STRICT);
    const [first] = requests;
    const fault = first === undefined && typeof rest !== 'string' ? rest.fault : first?.fault;
    if (typeof fault === 'string') {
      this.#isBroken = true;
      this.#state.faults.push(`${fault} in ${JSON.stringify(pending.slice(0, 400))}`);
      this.socket.destroy();
    }
    if (first === undefined) return false;
    if (this.#current === null) this.#begin(first);
    const current = this.#current as Arrived | null;
    if (current !== null) Object.assign(current, partsOf(first));
    if (!first.isComplete || current === null) return false;
    this.#begins += first.next;
    this.#current = null;
    const script = this.#scriptFor(current);
    if (!script.isEarly) this.#answer(script.text, current);
    if (this.#tunnel !== null) this.#tunnel.tunnelled += this.#bytes.slice(this.#begins);
    return true;
  }

  #begin(request: ReadRequest): void {
    const { method, target, fields } = request;
    if (performance.now() - this.#lateAt < ON_ITS_WAY) this.#state.hasRaced = true;
    const serial = this.#state.nextSerial();
    const arrived = { serial, method, target, fields, ...partsOf(request), tunnelled: '' };
    this.#current = arrived;
    this.#state.arrived.push(arrived);
    const script = this.#scriptFor(arrived);
    if (script.isEarly) this.#answer(script.text, arrived);
  }

  #scriptFor({ target, method, fields }: Arrived): AnswerScript {
    const [, chosen] = /\/a(\d)\//.exec(target) ?? [];
    const script = chosen === undefined ? undefined : this.#state.answers[Number(chosen)];
    if (script !== undefined) return script;
    if (valuesOf(fields, 'upgrade').length > 0) return { isEarly: false, text: OPENING };
    return { isEarly: false, text: method === 'HEAD' ? USUAL_TO_HEAD : USUAL };
  }

  #answer(text: string, arrived: Arrived): void {
    const filled = fillAnswer(text, markOf(arrived), arrived.serial);
    if (/^HTTP\/1\.1 101 /.test(filled)) this.#tunnel = arrived;
    this.#write(filled.split(new RegExp(`(?=[${PLACE.cut}${PLACE.end}${PLACE.reset}])`)));
  }

  #write([piece, ...others]: readonly string[]): void {
    if (piece === undefined || this.socket.destroyed) return;
    if (piece.startsWith(PLACE.reset)) return void this.socket.resetAndDestroy();
    if (piece.startsWith(PLACE.end)) return void this.socket.end();
    const text = piece.startsWith(PLACE.cut) ? piece.slice(1) : piece;
    if (this.socket.writableEnded) return;
    this.socket.write(Buffer.from(text, 'latin1'));
    if (others.length === 0) return;
    this.#lateAt = Number.POSITIVE_INFINITY;
    setTimeout(() => {
      this.#lateAt = performance.now();
      this.#write(others);
    }, 2);
  }
}

function partsOf({ body, trailers, isComplete }: ReadRequest): Pick<Arrived, 'body' | 'trailers' | 'isComplete'> {
  return { body, trailers, isComplete };
}

/** The mark in the target of a request. */
export function markOf({ target }: Arrived): Mark | null {
  return marksIn(target)[0] ?? null;
}
