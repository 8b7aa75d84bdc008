/** The requests under way: what they use may be closed after the last of them. */
export interface RequestsUnderWay {
  /** A request has begun. */
  enter(): void;
  /** A request is over. */
  leave(): void;
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

  return {
    enter() {
      count += 1;
    },
    leave() {
      count -= 1;
      settle();
    },
    idle() {
      isLast = true;
      settle();
      return over.promise;
    },
  };
}
