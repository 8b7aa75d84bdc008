import type { ServerResponse } from 'node:http';

/** Server-sent events to several clients. */
export interface Streams {
  /** Begins a stream. @param ended called once when it is over */
  open(res: ServerResponse, ended: () => void): Stream;
  /** Ends all streams. */
  close(): void;
}

export interface Stream {
  send(json: string): void;
}

/** Bytes that may wait for a client: one that leaves more unread has gone or does not read. */
const MOST_WAITING = 64 * 1024;
/** Milliseconds until a browser connects again. */
const RETRY = 2_000;

export function createStreams(): Streams {
  const open = new Set<ServerResponse>();
  return {
    open(res, ended) {
      open.add(res);
      res.once('close', () => {
        open.delete(res);
        ended();
      });
      res.write(`retry: ${RETRY}\n\n`);
      return {
        send(json) {
          if (res.writableLength > MOST_WAITING) res.destroy();
          else res.write(`data: ${json}\n\n`);
        },
      };
    },
    close() {
      for (const res of open) res.end();
    },
  };
}
