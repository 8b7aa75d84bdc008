import type { ServerResponse } from 'node:http';

/** The requests under way: what they use may be closed after the last of them. */
export interface RequestsUnderWay {
  /** A request has begun. It is over when its response closes. */
  enter(res: ServerResponse): void;
  /** Call when no more requests will come. Resolves when none is under way. */
  idle(): Promise<void>;
}

export function requestsUnderWay(): RequestsUnderWay {
  let count = 0;
  let isLast = false;
  const over = Promise.withResolvers<void>();
  const settle = () => {
    if (isLast && count === 0) over.resolve();
  };
  const leave = () => {
    count -= 1;
    settle();
  };

  return {
    enter(res) {
      count += 1;
      res.on('close', leave);
    },
    idle() {
      isLast = true;
      settle();
      return over.promise;
    },
  };
}
