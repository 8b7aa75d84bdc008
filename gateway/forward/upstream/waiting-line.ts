import { GatewayError } from '../../domain/errors.ts';

/** Whoever waits for a place at one of the servers of a group. */
export interface Waiting<Server> {
  /** It has one, which is its own from now on. */
  onPlace(server: Server): void;
  /** It has waited long enough. */
  onOverdue(error: GatewayError): void;
}

/** Requests that wait, in the order in which they came, since each server of their group has as many as it may have. */
export interface WaitingLine<Server> {
  /** @returns what ends the wait before its time */
  wait(waiting: Waiting<Server>): () => void;
  /** A place may have become free. */
  serve(): void;
}

/**
 * @param take a place for the next request, or null where there is none
 * @param patience milliseconds that one waits
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
