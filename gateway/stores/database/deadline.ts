/** A store did not answer in time. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * Settles as `work` does, or rejects with `DeadlineExceeded` after `ms` milliseconds (at once if negative).
 *
 * The work is not cancelled: a late result goes to `onLate`, so that a late connection is released. A late failure is
 * dropped.
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
