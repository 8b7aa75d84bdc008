import { foldedName } from './name.ts';

/**
 * What never reaches the client of an upstream's answer, by names in lower case. docs/forwarding.md says why to operators.
 */
export const DROPPED_OF_ANSWERS: ReadonlySet<string> = new Set([
  // Hop-by-hop: RFC 9110 section 7.6.1 and what it names.
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info'],
  ...['proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  // Would send the clients of the gateway to where only the upstream can be reached (RFC 7838 section 3).
  'alt-svc',
  // Whoever reads it behind the gateway, such as the log of a proxy before it, takes it for the gateway's word.
  'x-user-id',
]);

/** What frames an answer, or is the gateway's own: no route changes these, by names in lower case. */
const FIXED_IN_ANSWERS: ReadonlySet<string> = new Set([
  ...[...DROPPED_OF_ANSWERS].filter((name) => name !== 'alt-svc'),
  ...['content-length', 'content-encoding', 'content-range', 'x-request-id'],
  ...['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions'],
]);

/** Whether no route may set or remove a field of its upstream's answers. @param name in any spelling that folds to it */
export function isFixedInAnswers(name: string): boolean {
  return FIXED_IN_ANSWERS.has(foldedName(name));
}
