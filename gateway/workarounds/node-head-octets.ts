import { type IncomingMessage, type OutgoingMessage, ServerResponse } from 'node:http';

/**
 * Sends a head before the first piece of its body, one octet for each character.
 *
 * `flushHeaders` (Node 20 to 26) writes the head as UTF-8; Node writes a head that leaves together with a body as Latin-1.
 */
export function sendHead(message: OutgoingMessage): void {
  message.write('', 'latin1');
}

const LENGTH = 'content-length';
const DISPOSITION = 'content-disposition';
const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * Keeps the octets of `Content-Disposition`.
 *
 * After a `Content-Length`, Node (20, and others: tried once below) decodes the value of this one field as UTF-8 before it
 * writes it as Latin-1: `c3 a9` would leave as `e9`, and a lone `e9` is refused. Encoding the value beforehand undoes that.
 *
 * @param fields flat, and changed in place
 */
export function keepDisposition(fields: string[]): void {
  if (!DECODES_DISPOSITION) return;
  let hasLength = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.length === LENGTH.length) {
      hasLength ||= name.toLowerCase() === LENGTH && Number(fields[i + 1]) > 0;
    } else if (hasLength && name.length === DISPOSITION.length && name.toLowerCase() === DISPOSITION) {
      const value = fields[i + 1] as string;
      if (BEYOND_ASCII.test(value)) fields[i + 1] = Buffer.from(value, 'utf8').toString('latin1');
    }
  }
}

/** Whether this version of Node does so. Tried, since no version number or flag tells. */
const DECODES_DISPOSITION = (() => {
  const answer = new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as IncomingMessage);
  try {
    answer.writeHead(200, ['Content-Length', '1', 'Content-Disposition', '\xe9']);
    return false;
  } catch {
    return true;
  }
})();
