/**
 * Whether an id can be sent as `X-User-Id` and arrive as it is: printable ASCII, no space at an end (RFC 9110 section
 * 5.5 has it trimmed), 1 to 255 bytes, which is also what the records of tokens have room for.
 */
export function canBeSent(id: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(id);
}
