import type { Socket } from 'node:net';

/** Takes a connection. */
export type Take = (socket: Socket) => void;

/**
 * A step between a new connection and its first request.
 *
 * It calls `next` once, with the socket to serve (another one where it wraps the connection), or destroys the connection. A
 * stage that waits has a deadline of its own. What it has read and does not need is put back by `unshift`, while the socket is
 * paused; whoever takes the socket resumes it.
 */
export type Stage = (socket: Socket, next: Take) => void;

/** The connections of a listener. */
export interface Connections {
  /** Takes a new connection through the stages. */
  take(socket: Socket): void;
  /** The number of connections, those in a stage included. */
  readonly size: number;
  /** The sockets whose stages are over. */
  served(): Iterable<Socket>;
  /** Destroys the connections in a stage: no request has been read from them. */
  cutArriving(): void;
}

/**
 * @param stages in their order
 * @param serve takes a connection when its stages are over
 * @param onClosed a connection has closed, in a stage or later
 */
export function connectionsThrough(stages: readonly Stage[], serve: Take, onClosed: () => void): Connections {
  /** By the socket that the server has accepted. Null: in a stage. */
  const connections = new Map<Socket, Socket | null>();

  return {
    take(accepted) {
      connections.set(accepted, null);
      accepted.once('close', () => {
        connections.delete(accepted);
        onClosed();
      });
      const end: Take = (socket) => {
        connections.set(accepted, socket);
        serve(socket);
      };
      stages.reduceRight<Take>((next, stage) => (socket) => stage(socket, next), end)(accepted);
    },
    get size() {
      return connections.size;
    },
    served: () => connections.values().filter((socket) => socket !== null),
    cutArriving() {
      for (const [accepted, served] of connections) if (served === null) accepted.destroy();
    },
  };
}
