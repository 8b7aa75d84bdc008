import type { Client } from 'undici';
import symbols from 'undici/lib/core/symbols.js';

/**
 * Reads the reason phrases of a connection's answers as Latin-1, which keeps every octet.
 *
 * Undici (8.12) decodes them as UTF-8, and keeps only the last piece of a phrase that arrives in several.
 */
export function keepReasonOctets(client: Client): void {
  client.on('connect', () => {
    const parser = (client as unknown as Connected)[symbols.kSocket]?.[symbols.kParser];
    // HTTP/2 has no parser and no reason phrases.
    if (parser != null) parser.onStatus = addStatusText;
  });
}

interface Connected {
  readonly [symbols.kSocket]?: { readonly [symbols.kParser]?: Parser | null } | null;
}

/** Undici's parser of one connection. It clears `statusText` after each answer. */
interface Parser {
  statusText: string;
  onStatus(piece: Buffer): number;
}

function addStatusText(this: Parser, piece: Buffer): number {
  this.statusText += piece.toString('latin1');
  return 0;
}
