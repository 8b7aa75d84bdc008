import { createHmac } from 'node:crypto';
import { GatewayError } from '../../domain/errors.ts';

/** Counts how often a request has come back to this gateway. */
export interface HopCounter {
  /**
   * @param carried the value of `X-Gatehouse-Hops` as it came, with several lines as one list
   * @param route for the log
   * @returns the value that the upstream is to get
   * @throws GatewayError 508 when it has come back too often
   */
  next(carried: string | undefined, route: string): string;
}

/** How often a request may pass. A request that an upstream sends to another route of this gateway passes twice. */
export const MOST_HOPS = 10;

/** Marks of other gateways that are passed on: a loop may include several gateways. */
const MOST_OTHERS = 8;

const MARK = /^[\w-]{22}$/;

/**
 * Writes each count as an HMAC. A client could write a plain number and have its request refused, and a cache before the
 * gateway could keep the refusal for others (cache-poisoned denial of service).
 *
 * @param keys the same on every node: the first signs, all verify
 */
export function createHopCounter(keys: readonly Buffer[]): HopCounter {
  const marks = keys.map((key) =>
    Array.from({ length: MOST_HOPS }, (_, hop) =>
      createHmac('sha256', key)
        .update(`hop ${hop + 1}`)
        .digest('base64url')
        .slice(0, 22),
    ),
  );
  const [own = []] = marks;
  const counts = new Map(marks.flatMap((ofKey) => ofKey.map((mark, i) => [mark, i + 1] as const)));
  const first = own[0] ?? '';
  return {
    next(carried, route) {
      if (carried === undefined) return first;
      const given = carried.split(',').map((mark) => mark.trim());
      const before = Math.max(0, ...given.map((mark) => counts.get(mark) ?? 0));
      const mark = own[before];
      if (mark === undefined) {
        const detail = `it has come back to this gateway ${before} times or more: route ${route} leads back here`;
        throw new GatewayError('loop_detected', detail);
      }
      const others = given.filter((other) => MARK.test(other) && !counts.has(other)).slice(0, MOST_OTHERS);
      return [mark, ...others].join(', ');
    },
  };
}
