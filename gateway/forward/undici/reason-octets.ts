import type { Client } from 'undici';
import symbols from 'undici/lib/core/symbols.js';

/**
 * Lets the reason phrases of a connection's answers be read as Latin-1, which loses no octet.
 *
 * Undici (8.12) decodes them as UTF-8, and keeps the last piece of one that arrives in several.
 */
export function keepReasonOctets(client: Client): void {
  client.on('connect', () => {
    const parser = (client as unknown as Connected)[symbols.kSocket]?.[symbols.kParser];
    // There is none where HTTP/2 has been agreed on, which has no reason phrases.
    if (parser != null) parser.onStatus = addStatusText;
  });
}

interface Connected {
  readonly [symbols.kSocket]?: { readonly [symbols.kParser]?: Parser | null } | null;
}

/** Of undici: made for a connection, and emptied of the text after each answer. */
interface Parser {
  statusText: string;
  onStatus(piece: Buffer): number;
}

function addStatusText(this: Parser, piece: Buffer): number {
  this.statusText += piece.toString('latin1');
  return 0;
}
