import type { IncomingMessage } from 'node:http';
import type { Logger } from '../ops/log.ts';

/** Requests with `X-Forwarded-For` after which it is judged. */
const ENOUGH = 10;
/** A pair of balancers in each of two zones. More peers are clients, who may write that field by themselves. */
const MOST_PROXIES = 4;
/** Requests without it after which nobody is looked at any more. */
const MOST_WITHOUT = 1_000;

/** To be told of each request whose peer is not trusted. */
export type NoticeStranger = (req: IncomingMessage, address: string) => void;

/**
 * Warns once of a proxy that nobody has named: where the same few peers send every request, and with `X-Forwarded-For`,
 * they are counted in place of their clients, and a client that guesses passwords has all others refused.
 */
export function warnOfUnnamedProxy(log: Logger): NoticeStranger {
  const proxies = new Set<string>();
  const others = new Set<string>();
  let withField = 0;
  let without = 0;
  let isDecided = false;
  return (req, address) => {
    if (isDecided) return;
    if (req.headers['x-forwarded-for'] === undefined && req.headers.forwarded === undefined) {
      without += 1;
      others.add(address);
    } else {
      withField += 1;
      proxies.add(address);
    }
    isDecided =
      withField === ENOUGH || without === MOST_WITHOUT || proxies.size > MOST_PROXIES || others.size > MOST_PROXIES;
    // A proxy checks by itself whether the gateway is there, without that field.
    if (withField < ENOUGH || proxies.size > MOST_PROXIES || !others.isSubsetOf(proxies)) return;
    log.warn(
      { proxies: [...proxies] },
      'every request so far is said to be sent for others, and trustedProxies is empty: name your proxy there, or all of its clients count as one',
    );
  };
}
