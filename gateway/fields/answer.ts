import { IDENTITY_FIELDS_IN_LOWER_CASE } from './identity.ts';
import { foldedName } from './name.ts';

/**
 * Fields of upstream answers that are never forwarded to the client. Names in lower case; docs/forwarding.md has the reasons.
 */
export const DROPPED_OF_ANSWERS: ReadonlySet<string> = new Set([
  // Hop-by-hop: RFC 9110 section 7.6.1 and what it names.
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info'],
  ...['proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  // Would send clients to an alternative service that bypasses the gateway (RFC 7838 section 3).
  'alt-svc',
  // A proxy in front, such as its access log, would take the upstream's value for the gateway's; and no client may have an
  // assertion, which it could show to services without the gateway.
  ...IDENTITY_FIELDS_IN_LOWER_CASE,
]);

/** Fields that frame an answer or are set by the gateway, in lower case: routes cannot change these. */
const FIXED_IN_ANSWERS: ReadonlySet<string> = new Set([
  ...[...DROPPED_OF_ANSWERS].filter((name) => name !== 'alt-svc'),
  ...['content-length', 'content-encoding', 'content-range', 'x-request-id'],
  ...['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions'],
]);

/** Whether no route may set or remove a field of its upstream's answers. @param name in any spelling that folds to it */
export function isFixedInAnswers(name: string): boolean {
  return FIXED_IN_ANSWERS.has(foldedName(name));
}
