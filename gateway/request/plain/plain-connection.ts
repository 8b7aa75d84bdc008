import type { Socket } from 'node:net';
import { Deadline } from '../../http/deadline.ts';
import { lingeringClose } from '../../http/early-answer.ts';
import { type PlainHead, readPlainHead } from '../../http/plain-head.ts';
import { ReadBuffer } from '../../http/read-buffer.ts';
import { type DirectReads, readDirectly } from '../../workarounds/node-direct-reads.ts';
import { MOST_AHEAD, PlainBody } from './plain-body.ts';
import type { ClientConnection, PlainConnectionDeps, PlainRequest } from './plain-request.ts';

/** Milliseconds. Longer than the usual 60 s of load balancers, so that the balancer closes an idle connection first. */
export const KEEP_ALIVE = 75_000;
/** Milliseconds at shutdown for the request of a client that has just connected, or whose last answer did not say `Connection: close`. */
export const LAST_CALL = 500;
/** Pieces in which a head may arrive. Slower clients are for Node's HTTP server. */
const MOST_PIECES = 8;

/**
 * A client's connection as long as its requests are plain: the gateway reads and answers them by itself. With the first
 * request that is not, the connection is handed over to Node's HTTP server for good, before anything is done for that
 * request.
 *
 * One request is under way at a time. What the client sends ahead waits; beyond `MOST_AHEAD`, it stays unread.
 */
export class PlainConnection implements ClientConnection {
  readonly socket: Socket;
  readonly #deps: PlainConnectionDeps;
  readonly #deadline = new Deadline(() => this.#onOverdue());
  readonly #buffer = new ReadBuffer();
  readonly body: PlainBody;
  readonly #reads: DirectReads | null;
  #request: PlainRequest | null = null;
  /** Bytes that have arrived ahead: the beginning of a head, or what follows the request under way. */
  #ahead: Buffer | null = null;
  /** Reads in which the beginning of a head has arrived. */
  #pieces = 0;
  /** Whether a request has ever begun. */
  #hasBegun = false;
  /** Whether a request is being started, which may answer it at once. */
  #isStarting = false;
  /** Whether what has arrived ahead is about to be read. What arrives meanwhile belongs behind it. */
  #isNextDue = false;
  /** Whether the last answer has been sent. */
  #isClosing = false;

  constructor(socket: Socket, deps: PlainConnectionDeps) {
    this.socket = socket;
    this.#deps = deps;
    this.body = new PlainBody(socket, this.#buffer);
    this.#reads = readDirectly(socket, this.#buffer.next, this.#onRead);
    if (this.#reads === null) socket.on('data', this.#onData);
    socket.resume();
    socket.on('end', this.#onEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
    socket.on('timeout', this.#onTimeout);
    this.#deadline.set(deps.isClosed() ? LAST_CALL : deps.headDeadline());
  }

  get isDraining(): boolean {
    return this.#deps.isDraining();
  }

  get idleDeadline(): number {
    return this.#deps.idleDeadline();
  }

  /** Whether no request is under way, and none has begun to arrive. */
  get isIdle(): boolean {
    return this.#request === null && this.#ahead === null && this.body.left === 0;
  }

  onAnswered(closes: boolean): void {
    this.#request = null;
    if (closes) {
      this.#isClosing = true;
      this.body.discard();
      // Closing with unread bytes makes the kernel send a reset, which can overtake the answer.
      if (this.body.left > 0) lingeringClose(this.socket);
      else this.socket.destroySoon();
    } else if (!this.#isStarting) {
      this.#next();
    }
  }

  /** Reads what a stage of the connection has put back. */
  readPutBack(): void {
    const bytes: Buffer | null = this.socket.read();
    // Without direct reads, the stream has handed them to the listener of `data`.
    if (bytes !== null && this.#reads !== null) this.#onData(bytes);
  }

  closeIdle(): void {
    if (!this.isIdle) return;
    // Its first request may be on its way: the connections of a socket of the service manager never stop.
    if (this.#hasBegun) this.socket.destroySoon();
    else this.#deadline.set(LAST_CALL);
  }

  /** Awaits the next request, or reads one that has arrived ahead. */
  readonly #next = (): void => {
    this.#isNextDue = false;
    // The client has ended its half.
    if (!this.socket.writable) return;
    const ahead = this.#ahead;
    if (this.body.left > 0 || ahead === null) {
      this.#awaitMore();
    } else {
      this.#ahead = null;
      this.#read(ahead, 0, ahead.length);
    }
    const isBodyAwaited = this.#request !== null && this.body.left > 0;
    const isFull = this.#ahead !== null && this.#ahead.length > MOST_AHEAD;
    if (!isBodyAwaited && !isFull && this.socket.isPaused()) this.socket.resume();
  };

  /** The answer has left: what comes is the rest of its request's body, which nobody reads, or the next request. */
  #awaitMore(): void {
    if (this.body.left > 0) this.#deadline.set(this.#deps.idleDeadline());
    // The answer's head left before the listener closed, so the client may send another request.
    else this.#deadline.set(this.#deps.isClosed() ? LAST_CALL : KEEP_ALIVE);
  }

  readonly #onData = (bytes: Buffer): void => this.#onRead(bytes, bytes.length);

  readonly #onRead = (bytes: Buffer, length: number): void => {
    this.#take(bytes, length);
    if (this.body.left === 0) this.#buffer.reset();
  };

  #take(bytes: Buffer, length: number): void {
    const end = Math.min(length, this.body.left);
    if (end > 0 && this.body.read(bytes, end) && this.#request === null && !this.#isClosing) this.#awaitMore();
    if (end === length) return;
    if (this.#isClosing) {
      // What follows the last request is not carried out (RFC 9112 section 9.6).
      this.#ahead ??= this.#buffer.copy(bytes, end, length);
      return;
    }
    const isBusy = this.#request !== null || this.#isNextDue;
    if (!isBusy && this.#ahead === null) {
      this.#read(bytes, end, length);
      return;
    }
    const rest = this.#buffer.copy(bytes, end, length);
    const ahead = this.#ahead === null ? rest : Buffer.concat([this.#ahead, rest]);
    if (!isBusy) {
      this.#read(ahead, 0, ahead.length);
      return;
    }
    this.#ahead = ahead;
    if (ahead.length > MOST_AHEAD) this.socket.pause();
  }

  /** Reads the head of a request. */
  #read(bytes: Buffer, from: number, to: number): void {
    const head = readPlainHead(bytes, from, to);
    if (head === 'partial' && this.#pieces < MOST_PIECES) {
      if (this.#pieces === 0) this.#deadline.set(this.#deps.headDeadline());
      this.#pieces += 1;
      this.#ahead = this.#buffer.copy(bytes, from, to);
      return;
    }
    const request = typeof head === 'string' ? null : this.#deps.accept(this, head);
    if (request === null || typeof head === 'string') {
      this.#handOver(this.#buffer.copy(bytes, from, to));
      return;
    }
    this.#begin(request, head, bytes, to);
  }

  #begin(request: PlainRequest, { end, length }: PlainHead, bytes: Buffer, to: number): void {
    this.#deadline.clear();
    this.#pieces = 0;
    this.#hasBegun = true;
    this.#request = request;
    const after = Math.min(to, end + length);
    this.#ahead = after < to ? this.#buffer.copy(bytes, after, to) : null;
    this.body.begin(after > end ? this.#buffer.keep(bytes, end, after) : null, end + length - after);
    // Otherwise reading goes on, to notice that the client leaves.
    if ((this.body.left > 0 ? after - end : to - after) > MOST_AHEAD) this.socket.pause();
    this.#isStarting = true;
    request.start();
    this.#isStarting = false;
    // Not at once: a client that has sent many requests ahead that are refused must not keep the process busy.
    if (this.#request !== null || this.#isClosing) return;
    if (this.#ahead === null) {
      this.#next();
    } else {
      this.#isNextDue = true;
      setImmediate(this.#next);
    }
  }

  #handOver(bytes: Buffer): void {
    const { socket } = this;
    const left = this.#pieces === 0 ? null : this.#deadline.left;
    this.#ahead = null;
    this.#deadline.close();
    this.#buffer.close();
    this.#reads?.end();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', ignore);
    socket.off('close', this.#onClose);
    socket.off('drain', this.#onDrain);
    socket.off('timeout', this.#onTimeout);
    this.#deps.onGone(this);
    this.#deps.handOver(socket, bytes, left);
  }

  readonly #onOverdue = (): void => {
    const isExpected = this.socket.bytesRead > 0 || this.#deps.isClosed();
    // An idle connection, or a client that does not send the rest of a body that nobody reads.
    if (this.#pieces === 0 && isExpected) this.socket.destroySoon();
    else this.#refuse('overdue');
  };

  #refuse(cause: 'overdue' | 'cut'): void {
    const bytes = this.#ahead;
    this.#ahead = null;
    this.#pieces = 0;
    this.body.discardAll();
    this.#deps.refuse(this.socket, bytes, cause);
  }

  readonly #onEnd = (): void => {
    // A client that ends its half before its answer has left.
    if (this.#request?.isAnswered === false) this.socket.destroy();
    else if (this.#pieces > 0) this.#refuse('cut');
    else this.socket.end();
  };

  readonly #onClose = (): void => {
    const request = this.#request;
    const ahead = this.#ahead;
    this.#request = null;
    this.#ahead = null;
    this.#deadline.close();
    this.#buffer.close();
    this.#deps.onGone(this);
    request?.onClientGone();
    if (ahead !== null) this.#deps.onDropped(this.socket, ahead);
  };

  readonly #onDrain = (): void => this.#request?.onDrain();
  readonly #onTimeout = (): void => this.#request?.onClientIdle();
}

function ignore(): void {}
