import { GatewayError } from '../domain/errors.ts';

/**
 * Requires the status of a final answer: three digits from 200 to 599 (RFC 9110 section 15). With any other, the answer is
 * no HTTP: a client could only guess what has become of its request, and a cache too.
 *
 * @param origin of the upstream, for the log
 * @throws GatewayError 502
 */
export function requireStatus(status: number | undefined, origin: string): void {
  if (status === undefined || status < 200 || status > 599) {
    throw new GatewayError('bad_gateway', `${origin}: ${status} as the status of an answer`);
  }
}
