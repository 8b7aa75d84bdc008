/** `Max-Forwards` (RFC 9110 section 7.6.2): how many more proxies may pass on an OPTIONS or TRACE request. */

/** Whether the field applies to a method. */
export function countsHops(method: string | undefined): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

/** Whether a value allows no further hop. */
export function allowsNoHop(maxForwards: string): boolean {
  return /^0+$/.test(maxForwards);
}

/** No chain of proxies is longer. */
const MOST_HOPS = 1_000;

/** Counts down. A value that is not a number stays as it is. */
export function oneHopLess(maxForwards: string): string {
  return /^\d+$/.test(maxForwards) ? String(Math.max(0, Math.min(Number(maxForwards), MOST_HOPS) - 1)) : maxForwards;
}
