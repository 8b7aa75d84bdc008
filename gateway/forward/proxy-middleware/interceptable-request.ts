import { nameAt, valueAt } from '../../fields/raw-fields.ts';
import type { RequestHead } from '../outgoing.ts';
import { decodableAmong } from './content-codings.ts';

/** Fields that ask for a part of the answer. Apache reads `Request-Range` like `Range`. */
const ASKS_FOR_A_PART: ReadonlySet<string> = new Set(['range', 'request-range', 'if-range']);

/**
 * The head of a request whose answer is intercepted: it asks for the whole answer, in a coding that the gateway can undo.
 *
 * Modules get complete bodies. A part could not be decompressed, a module could miss text across its edges, and a client
 * could bypass a module that removes something by asking for parts. A server may always send the whole (RFC 9110
 * section 14.2).
 */
export function interceptableHead({ target, headers }: RequestHead): RequestHead {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = nameAt(headers, at);
    const value = valueAt(headers, at);
    const canonical = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
    if (ASKS_FOR_A_PART.has(canonical)) continue;
    kept.push(name, canonical === 'accept-encoding' ? decodableAmong(value) : value);
  }
  return { target, headers: kept };
}
