import type { Socket } from 'node:net';
import type { PlainHead } from '../../http/plain-head.ts';
import type { PlainBody } from './plain-body.ts';

/** A request on a connection, until its answer has left or the connection is gone. */
export interface PlainRequest {
  /** Whether all of the answer has been written. */
  readonly isAnswered: boolean;
  start(): void;
  /** The connection has room again. */
  onDrain(): void;
  /** The client did not read for as long as the timeout of the socket. */
  onClientIdle(): void;
  /** The connection is gone before the answer has left. */
  onClientGone(): void;
}

/** What a request uses of its connection. */
export interface ClientConnection {
  readonly socket: Socket;
  /** The body of the request. */
  readonly body: PlainBody;
  /** Whether an answer that begins now is the last one. */
  readonly isDraining: boolean;
  /** Milliseconds without a byte while an answer waits for the client. */
  readonly idleDeadline: number;
  /** The answer has left. @param closes whether it was the last one */
  onAnswered(closes: boolean): void;
  /** Ends a connection that waits for a request; a new one has a moment for its first. */
  closeIdle(): void;
}

/** What a connection of plain requests asks of the listener. */
export interface PlainConnectionDeps {
  /** Prepares a request. @returns null, before anything is done for it, if it is for Node's HTTP server */
  accept(connection: ClientConnection, head: PlainHead): PlainRequest | null;
  /**
   * Gives the connection to Node's HTTP server for good.
   *
   * @param bytes that nothing has been done for
   * @param left milliseconds until the head that they begin must be complete; null: it is complete, or just began
   */
  handOver(socket: Socket, bytes: Buffer, left: number | null): void;
  /** Refuses a head that did not arrive in time, or that the client has cut. @param bytes of it; null: none */
  refuse(socket: Socket, bytes: Buffer | null, cause: 'overdue' | 'cut'): void;
  /** The connection is closed. @param bytes that the client had sent ahead, and that nothing has been done for */
  onDropped(socket: Socket, bytes: Buffer): void;
  /** The connection is closed, or handed over. */
  onGone(connection: ClientConnection): void;
  /** Whether answers end their connections, as before shutdown. */
  isDraining(): boolean;
  /** Whether the listener is closed. */
  isClosed(): boolean;
  /** Milliseconds for the head of a request. */
  headDeadline(): number;
  /** Milliseconds without a byte on a connection while the gateway waits for the client. */
  idleDeadline(): number;
}
