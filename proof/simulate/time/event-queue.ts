import type { Pending } from './pending.ts';

/** Events in the order of their times; those of one time in the order in which they were added. */
export interface EventQueue {
  add(event: Pending): void;
  /** Removes the earliest. */
  next(): Pending | null;
}

interface Entry {
  readonly event: Pending;
  readonly at: number;
  readonly order: number;
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** A binary heap. */
export function eventQueue(): EventQueue {
  const heap: Entry[] = [];
  let added = 0;

  const sink = (last: Entry) => {
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  };

  return {
    add(event) {
      added += 1;
      const entry = { event, at: event.at, order: added };
      let at = heap.length;
      heap.push(entry);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const above = heap[parent];
        if (above === undefined || !isBefore(entry, above)) break;
        heap[at] = above;
        at = parent;
      }
      heap[at] = entry;
    },
    next() {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined) return null;
      if (heap.length > 0) sink(last);
      return first.event;
    },
  };
}
