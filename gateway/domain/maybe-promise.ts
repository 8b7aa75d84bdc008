/** A value, or a promise of it. With a plain value, callers continue synchronously. */
export type MaybePromise<T> = T | Promise<T>;

/** Calls `next` with the value: synchronously for a plain value, else when the promise is fulfilled. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
