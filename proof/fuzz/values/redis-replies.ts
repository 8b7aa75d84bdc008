/** No answer of RESP2, or more than one. */
export const WRONG = Symbol('wrong');
type Reply = string | number | null | readonly Reply[] | { readonly error: string };

/** @returns the fields of the entries of the one stream that was asked for; null: this is no answer to XREAD */
export function entriesIn(reply: Reply | typeof WRONG): string[][] | null {
  if (reply === null) return [];
  if (!isList(reply) || reply.length !== 1) return null;
  const [stream] = reply;
  if (stream === undefined || !isList(stream) || stream.length !== 2 || typeof stream[0] !== 'string') return null;
  const entries = stream[1];
  if (entries === undefined || !isList(entries)) return null;
  const read = entries.map((entry) => {
    const [id, fields] = isList(entry) && entry.length === 2 ? entry : [];
    return typeof id === 'string' &&
      fields !== undefined &&
      isList(fields) &&
      fields.every((field) => typeof field === 'string')
      ? [...fields]
      : null;
  });
  return read.includes(null) ? null : (read as string[][]);
}

function isList(reply: Reply | typeof WRONG): reply is readonly Reply[] {
  return Array.isArray(reply);
}

/** The one whole reply that the bytes are, by the specification of RESP2. */
export function strictlyRead(bytes: Buffer): Reply | typeof WRONG {
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) throw WRONG;
    const text = bytes.toString('utf8', at, end);
    at = end + 2;
    return text;
  };
  const count = (text: string): number => {
    if (!/^(?:-1|\d{1,6})$/.test(text)) throw WRONG;
    return Number(text);
  };
  const value = (): Reply => {
    const text = line();
    switch (text[0]) {
      case '+':
        return text.slice(1);
      case '-':
        return { error: text.slice(1) };
      case ':':
        if (!/^:[+-]?\d+$/.test(text)) throw WRONG;
        return Number(text.slice(1));
      case '$': {
        const length = count(text.slice(1));
        if (length === -1) return null;
        const content = bytes.subarray(at, at + length);
        if (content.length < length || bytes.toString('latin1', at + length, at + length + 2) !== '\r\n') throw WRONG;
        at += length + 2;
        return content.toString();
      }
      case '*': {
        const length = count(text.slice(1));
        return length === -1 ? null : Array.from({ length }, value);
      }
      default:
        throw WRONG;
    }
  };
  try {
    const read = value();
    return at === bytes.length ? read : WRONG;
  } catch (error) {
    if (error === WRONG) return WRONG;
    throw error;
  }
}
