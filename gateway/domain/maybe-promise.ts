/** A value, or a promise of it. Code that has the value already goes on without a promise and in the same turn. */
export type MaybePromise<T> = T | Promise<T>;

/** Calls `next` with the value: at once where it is there, else when the promise is fulfilled. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
