import { addressOf, parseForwarded } from '../../fields/forwarded.ts';
import { isHostValue } from '../../fields/host.ts';

/** What a trusted proxy says about the request that it passes on; an empty string: nothing. */
export interface ProxyClaims {
  /** `X-Forwarded-For`: addresses, each followed by `, `. */
  for: string;
  proto: string;
  host: string;
  prefix: string;
  /** Elements of `Forwarded`, each list followed by `, `. */
  forwarded: string;
}

/**
 * Fills what `X-Forwarded-*` left empty from `Forwarded`, and empties `forwarded` where it is malformed.
 *
 * @param claimed changed in place
 */
export function addForwarded(claimed: ProxyClaims): void {
  const elements = parseForwarded(claimed.forwarded);
  if (elements.length === 0) claimed.forwarded = '';
  if (claimed.for === '') {
    for (const { for: node = 'unknown' } of elements) claimed.for += `${addressOf(node) ?? node}, `;
  }
  // The proxy wrote the last element. The client may have written those before it.
  const { proto = '', host = '' } = elements.at(-1) ?? {};
  claimed.proto ||= proto;
  claimed.host ||= isHostValue(host) ? host : '';
}

/** One path segment or more, without a slash at the end. */
const PATH_PREFIX = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)+$/;

/** Whether a claimed `X-Forwarded-Prefix` is a path prefix. */
export function isPathPrefix(prefix: string): boolean {
  return prefix !== '' && PATH_PREFIX.test(prefix);
}
