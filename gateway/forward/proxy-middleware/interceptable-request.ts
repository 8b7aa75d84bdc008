import type { RequestHead } from '../outgoing.ts';
import { decodableAmong } from './content-codings.ts';

/** What asks for a part of the answer; the second is read by Apache like the first. */
const ASKS_FOR_A_PART: ReadonlySet<string> = new Set(['range', 'request-range', 'if-range']);

/**
 * The head of a request whose answer is to be intercepted: it asks for the whole, in a coding that can be undone.
 *
 * A module sees bodies that are whole. Of a part, it could neither decompress anything nor find what lies across its edges,
 * and a client that asks for parts would get past whatever the module takes out. Who asks for a part may always be
 * given the whole (RFC 9110 section 14.2).
 */
export function interceptableHead({ target, headers }: RequestHead): RequestHead {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const canonical = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
    if (ASKS_FOR_A_PART.has(canonical)) continue;
    kept.push(name, canonical === 'accept-encoding' ? decodableAmong(value) : value);
  }
  return { target, headers: kept };
}
