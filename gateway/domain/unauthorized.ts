import { GatewayError } from './errors.ts';
import type { Scheme } from './identity.ts';

/** The schemes that a route accepts by default. */
export const USUAL_CREDENTIALS: readonly Scheme[] = ['basic', 'bearer'];

/**
 * A 401 with the challenges of the accepted schemes: Basic (RFC 7617), and Bearer (RFC 6750 section 3) if a bearer token was
 * refused or Basic is not accepted. For API keys there is no registered scheme, but a 401 must have a challenge (RFC 9110
 * section 15.5.2).
 *
 * @param realm without quotes or backslashes
 * @param scheme the scheme of the refused credential
 * @param taken the schemes that the route accepts
 */
export function unauthorized(
  detail: string,
  realm: string,
  scheme: Scheme,
  taken: readonly Scheme[] = USUAL_CREDENTIALS,
): GatewayError {
  const challenges: string[] = [];
  if (taken.includes('basic')) challenges.push(`Basic realm="${realm}", charset="UTF-8"`);
  if (taken.includes('bearer') && (scheme === 'bearer' || challenges.length === 0)) {
    challenges.push(`Bearer realm="${realm}"${scheme === 'bearer' ? ', error="invalid_token"' : ''}`);
  }
  if (challenges.length === 0) challenges.push(`ApiKey realm="${realm}"`);
  const [first = '', ...others] = challenges;
  const challenge = others.length === 0 ? first : challenges;
  return new GatewayError('unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } });
}
