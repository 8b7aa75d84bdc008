import type { ForwardingFields } from '../http/client-address.ts';
import type { Logger } from '../ops/log.ts';

/** Requests with a forwarding field after which the warning is decided on. */
const ENOUGH = 10;
/** A pair of balancers in each of two zones. More peers than that are clients, who can send the field themselves. */
const MOST_PROXIES = 4;
/** Requests without a forwarding field after which the check ends. */
const MOST_WITHOUT = 1_000;

/** Called for each request whose peer is not trusted. */
export type NoticeUntrustedPeer = (fields: ForwardingFields, address: string) => void;

/**
 * Warns once if a proxy is missing from `trustedProxies`: the same few peers send every request, with `X-Forwarded-For`.
 * Throttles would count such a proxy instead of its clients, so that one password-guessing client gets all others refused.
 */
export function warnOfUnlistedProxy(log: Logger): NoticeUntrustedPeer {
  const proxies = new Set<string>();
  const others = new Set<string>();
  let withField = 0;
  let without = 0;
  let isDecided = false;
  return ({ forwardedFor, forwarded }, address) => {
    if (isDecided) return;
    if (forwardedFor === undefined && forwarded === undefined) {
      without += 1;
      others.add(address);
    } else {
      withField += 1;
      proxies.add(address);
    }
    isDecided =
      withField === ENOUGH || without === MOST_WITHOUT || proxies.size > MOST_PROXIES || others.size > MOST_PROXIES;
    // A proxy's own health checks come without the field.
    if (withField < ENOUGH || proxies.size > MOST_PROXIES || !others.isSubsetOf(proxies)) return;
    log.warn(
      { proxies: [...proxies] },
      'every request so far has a forwarding field, and trustedProxies is empty: add your proxy there, or all of its clients count as one',
    );
  };
}
