/** A value that is there already, or will be: no promise is made, and no turn waited for, where nothing is asked. */
export type Soon<T> = T | Promise<T>;

/** Goes on with the value, at once where it is there. */
export function whenThere<T, R>(soon: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return soon instanceof Promise ? soon.then(next) : next(soon);
}
