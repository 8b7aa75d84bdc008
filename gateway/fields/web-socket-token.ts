/**
 * Begins the entry of `Sec-WebSocket-Protocol` that carries a token. Scripts in browsers cannot set `Authorization` for a
 * WebSocket, but name its protocols.
 */
const PREFIX = 'gatehouse.bearer.';

/** The protocols that a client offers, without the tokens among them. */
export interface OfferedProtocols {
  readonly protocols: readonly string[];
  readonly tokens: readonly string[];
}

/** @param list a value of `Sec-WebSocket-Protocol`, or several joined by commas */
export function offeredProtocols(list: string): OfferedProtocols {
  const entries = entriesOf(list);
  return {
    protocols: entries.filter((entry) => !isToken(entry)),
    tokens: entries.filter((entry) => entry.startsWith(PREFIX)).map((entry) => entry.slice(PREFIX.length)),
  };
}

/** Removes each entry that is meant as a token, in whatever case, for everybody but the gateway. */
export function withoutTokens(list: string): string {
  const entries = entriesOf(list);
  return entries.some(isToken) ? entries.filter((entry) => !isToken(entry)).join(', ') : list;
}

function entriesOf(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function isToken(entry: string): boolean {
  return entry.slice(0, PREFIX.length).toLowerCase() === PREFIX;
}
