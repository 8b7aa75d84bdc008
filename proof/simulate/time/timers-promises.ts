/** `node:timers/promises` on the timers of the process, which a simulation replaces. */

export function setTimeout<T>(ms: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new DOMException('The operation was aborted', 'AbortError'));
    if (signal?.aborted === true) {
      aborted();
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      aborted();
    };
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value as T);
    }, ms);
    signal?.addEventListener('abort', onAbort);
  });
}

export function setImmediate<T>(value?: T): Promise<T> {
  return setTimeout(0, value);
}
