/** What waits until everything that has arrived is read. */
interface Waiting {
  onReadsDone(): void;
}

let waiting: Waiting[] = [];

/**
 * Calls `onReadsDone` at the end of this turn of the event loop, when the bytes that the kernel has reported for it are read. All that
 * wait in a turn share one callback.
 */
export function afterReads(one: Waiting): void {
  if (waiting.push(one) === 1) setImmediate(tellAll);
}

function tellAll(): void {
  const all = waiting;
  waiting = [];
  for (const one of all) one.onReadsDone();
}
