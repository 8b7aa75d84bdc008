/** What a caller gets when a store did not answer in time. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * Settles as `work` does, or rejects with `DeadlineExceeded` after `ms` milliseconds (at once where none are left).
 *
 * The work cannot be stopped from here: what it yields afterwards goes to `onLate`, so that a connection which arrives
 * too late is given back; a late failure is dropped, since the caller has had its answer.
 */
export function within<T>(ms: number, work: PromiseLike<T>, onLate: (value: T) => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    let expired = false;
    const timer = setTimeout(
      () => {
        expired = true;
        reject(new DeadlineExceeded('no answer in time'));
      },
      Math.max(0, ms),
    );
    work.then(
      (value) => {
        clearTimeout(timer);
        if (expired) onLate(value);
        else resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
