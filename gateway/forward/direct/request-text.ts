import { GatewayError } from '../../domain/errors.ts';
import { nameAt, valueAt } from '../../fields/raw-fields.ts';
import type { RequestHead } from '../outgoing.ts';

/** Methods whose requests have a length even without a body (RFC 9110 section 8.6). */
const HAVE_LENGTH: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** CR, LF, NUL, and characters that would be written as other octets: U+010A as a line feed. */
const UNWRITABLE = /[\r\n\0\u0100-\uffff]/;

/**
 * The head of a request as it is written to a connection, in Latin-1.
 *
 * @param length bytes of the body
 * @throws GatewayError 500 where a field would not stay one line (request splitting), such as an account id with a line feed
 */
export function requestText(method: string, { target, headers }: RequestHead, length: number): string {
  let host = '';
  let fields = '';
  for (let at = 0; at < headers.length; at += 2) {
    const name = nameAt(headers, at);
    const value = valueAt(headers, at);
    if (UNWRITABLE.test(value))
      throw new GatewayError('internal_error', `${name} has a character that no field may have`);
    if (name === 'host') host = value;
    // The connection frames the body itself.
    else if (name.length !== 14 || name.toLowerCase() !== 'content-length') fields += `${name}: ${value}\r\n`;
  }
  const framing = length > 0 || HAVE_LENGTH.has(method) ? `content-length: ${length}\r\n` : '';
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${fields}${framing}\r\n`;
}
