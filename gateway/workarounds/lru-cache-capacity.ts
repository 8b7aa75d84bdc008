/**
 * Limits the number of entries of an lru-cache.
 *
 * lru-cache (11.5) fills arrays for all entries up to `max` as it is constructed: 16 ms for the caches of a gateway, a third of
 * its start. A cache whose sizes are limited begins empty, so each entry has the size 1.
 */
export function atMost(entries: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
