import type { Socket } from 'node:net';
import { Deadline } from '../../http/deadline.ts';
import { type KeptBytes, ReadBuffer } from '../../http/read-buffer.ts';
import { writeDirectly, writePieceDirectly } from '../../workarounds/node-direct-writes.ts';
import { afterReads } from './after-reads.ts';

/** The exchange on a connection. */
export interface Carried {
  /** The connection is open: the request can be written. */
  onOpen(): void;
  /** @returns whether to go on reading */
  onBytes(bytes: Buffer, length: number): boolean;
  /** The server has closed its half of the connection. */
  onEnd(): void;
  /** The connection could not be opened, or is gone. */
  onLost(error: Error): void;
  /** The connection, which was kept, can carry nothing. Nothing was written: the exchange needs another one. */
  onStale(): void;
  /** What was written has left. */
  onDrain(): void;
  /** The deadline of the connection is over. */
  onOverdue(): void;
}

/** Opens a socket that reads into `buffer`. The callback gets the open socket, or the error. */
export type OpenSocket = (
  reading: { readonly buffer: () => Buffer; readonly callback: (length: number, bytes: Uint8Array) => boolean },
  callback: (error: Error | null, socket: Socket | null) => void,
) => void;

/** Milliseconds for which an idle connection is kept at most. */
const IDLE = 4_000;
/** Milliseconds by which the gateway is to close an idle connection before the server does. */
const AHEAD_OF_SERVER = 1_000;

/** An HTTP/1.1 connection to a server. It carries one exchange at a time. */
export class DirectConnection {
  readonly deadline = new Deadline(() => this.#onOverdue());
  readonly #onFree: (connection: DirectConnection) => void;
  readonly #onGone: (connection: DirectConnection) => void;
  readonly #age: number;
  readonly #reading = new ReadBuffer();
  #socket: Socket | null = null;
  #carried: Carried | null = null;
  #isGone = false;
  /** Whether it was kept, and its exchange waits until what has arrived before is read. */
  #isUnproven = false;
  /** Whether it has been open for so long that it takes no further exchange. */
  isOld = false;
  #aging: NodeJS.Timeout | undefined;

  /**
   * @param age milliseconds after which it takes no further exchange
   * @param onFree the connection can carry another exchange
   * @param onGone the connection is closed
   */
  constructor(
    open: OpenSocket,
    age: number,
    onFree: (connection: DirectConnection) => void,
    onGone: (connection: DirectConnection) => void,
  ) {
    this.#onFree = onFree;
    this.#onGone = onGone;
    this.#age = age;
    open({ buffer: this.#reading.next, callback: this.#onRead }, this.#onOpened);
  }

  get isOpen(): boolean {
    return this.#socket !== null;
  }

  /** Whether it is opening for an exchange that has ended. */
  get isAbandoned(): boolean {
    return this.#socket === null && this.#carried === null && !this.#isGone;
  }

  /**
   * Gives the connection an exchange; while it is opening too.
   *
   * A connection that was kept is used at the end of this turn of the event loop, when what had arrived at its beginning is read. An
   * answer among it is older than the request, and would be taken for its answer (response queue poisoning, CVE-2026-48931,
   * CVE-2026-6733).
   */
  carry(carried: Carried): void {
    this.#carried = carried;
    if (this.#socket === null) return;
    this.#isUnproven = true;
    afterReads(this);
  }

  /** @see afterReads */
  onReadsDone(): void {
    if (!this.#isUnproven) return;
    this.#isUnproven = false;
    this.#carried?.onOpen();
  }

  /** Gives the exchange back: nothing of it was written. */
  #stale(): void {
    const carried = this.#carried;
    this.destroy();
    carried?.onStale();
  }

  /** @param head as Latin-1. @returns whether more can be written at once */
  writeText(head: string): boolean {
    return this.#socket !== null && writeDirectly(this.#socket, head);
  }

  /**
   * @param head goes before the piece, as Latin-1
   * @param done is called once the piece is of no more use
   */
  write(head: string, piece: Buffer, done: () => void): boolean {
    if (this.#socket === null) return false;
    writePieceDirectly(this.#socket, head, piece, '', done);
    return !this.#socket.writableNeedDrain;
  }

  /** Keeps a piece of the last read, at most one of each. */
  keep(bytes: Buffer, start: number, end: number): KeptBytes {
    return this.#reading.keep(bytes, start, end);
  }

  /** Goes on reading after `onBytes` returned false. */
  resume(): void {
    this.#socket?.resume();
  }

  /**
   * Ends the exchange.
   *
   * @param keepAlive milliseconds for which the server keeps the connection; 0: it carries no other exchange, as where a
   *   message was not read or written in full
   */
  leave(keepAlive: number): void {
    this.#carried = null;
    const idle = Math.min(IDLE, keepAlive - AHEAD_OF_SERVER);
    if (idle <= 0 || this.#isGone) {
      this.destroy();
      return;
    }
    this.#reading.reset();
    this.#becomeFree(idle);
  }

  #becomeFree(idle: number): void {
    this.deadline.set(idle);
    this.#onFree(this);
  }

  #onOverdue(): void {
    if (this.#carried === null || this.#isUnproven) this.#stale();
    else this.#carried.onOverdue();
  }

  /** Leaves a connection that is still opening to another exchange. */
  abandonOpening(): void {
    this.#carried = null;
    this.deadline.clear();
  }

  destroy(): void {
    this.#carried = null;
    this.#isUnproven = false;
    this.#socket?.destroy();
    this.#gone();
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.deadline.close();
    this.#reading.close();
    clearTimeout(this.#aging);
    this.#onGone(this);
  }

  readonly #onOpened = (error: Error | null, socket: Socket | null): void => {
    if (socket === null) {
      const carried = this.#carried;
      this.#carried = null;
      this.#gone();
      carried?.onLost(error ?? new Error('not connected'));
      return;
    }
    if (this.#isGone) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#aging = setTimeout(() => {
      this.isOld = true;
    }, this.#age).unref();
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
    if (this.#carried === null) this.#becomeFree(IDLE);
    else this.#carried.onOpen();
  };

  readonly #onRead = (length: number, bytes: Uint8Array): boolean => {
    const carried = this.#carried;
    if (carried !== null && !this.#isUnproven) return carried.onBytes(bytes as Buffer, length);
    // An answer to no request (response queue poisoning): nobody may get it.
    this.#stale();
    return false;
  };

  readonly #onEnd = (): void => {
    if (this.#carried === null || this.#isUnproven) this.#stale();
    else this.#carried.onEnd();
  };

  readonly #onError = (error: Error): void => this.#lost(error);

  readonly #onClose = (): void => this.#lost(new ConnectionClosed());

  #lost(error: Error): void {
    if (this.#isUnproven) {
      this.#stale();
      return;
    }
    const carried = this.#carried;
    this.#carried = null;
    this.#gone();
    carried?.onLost(error);
  }

  readonly #onDrain = (): void => this.#carried?.onDrain();
}

/** The server closed the connection before the end of its answer. */
export class ConnectionClosed extends Error {
  readonly code = 'ERR_UPSTREAM_CLOSED';

  constructor() {
    super('the connection was closed before the end of the answer');
  }
}
