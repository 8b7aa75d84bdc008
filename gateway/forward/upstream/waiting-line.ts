import { GatewayError } from '../../domain/errors.ts';

/** A request that waits for a place at a server of its group. */
export interface Waiting<Server> {
  /** The request has a place at this server, to be given back. */
  onPlace(server: Server): void;
  /** The request has waited as long as it may. */
  onOverdue(error: GatewayError): void;
}

/** The requests, in order of arrival, that wait while every place at the servers of their group is taken. */
export interface WaitingLine<Server> {
  /** @returns cancels the wait */
  wait(waiting: Waiting<Server>): () => void;
  /** A place may have become free. */
  serve(): void;
}

/**
 * @param take takes a place for the next request; null: there is none
 * @param patience milliseconds that a request may wait
 */
export function createWaitingLine<Server>(take: () => Server | null, patience: number): WaitingLine<Server> {
  const line = new Set<Waiting<Server>>();
  return {
    wait(waiting) {
      const leave = () => {
        clearTimeout(timer);
        line.delete(entry);
      };
      const entry: Waiting<Server> = {
        onPlace(server) {
          leave();
          waiting.onPlace(server);
        },
        onOverdue: waiting.onOverdue,
      };
      const timer = setTimeout(() => {
        leave();
        waiting.onOverdue(allTaken(patience));
      }, patience);
      line.add(entry);
      return leave;
    },
    serve() {
      for (const entry of line) {
        const server = take();
        if (server === null) return;
        entry.onPlace(server);
      }
    },
  };
}

function allTaken(patience: number): GatewayError {
  return new GatewayError('service_unavailable', `all connections were in use for ${patience} ms`, {
    fault: 'upstream',
    headers: { 'Retry-After': '1' },
  });
}
