/**
 * Whether the value of an application's column says that an account is confirmed. NULL, 0, false, the empty text, zero
 * dates, and every text that is neither a number, a date nor a word for true do not.
 *
 * A value is judged by what it says, in whatever type of column it stands: bytes are a text, and the bits of a BIT column
 * come as a number.
 */
export function isConfirmedValue(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  if (typeof value === 'bigint') return value !== 0n;
  if (value instanceof Uint8Array) return isConfirmedText(Buffer.from(value).toString('latin1'));
  return typeof value === 'string' && isConfirmedText(value);
}

/** @param padded BINARY(n) fills up with NULs, CHAR(n) with spaces */
function isConfirmedText(padded: string): boolean {
  const text = padded.replace(/\0+$/, '').trim();
  if (/^(true|t|yes|y|on)$/i.test(text)) return true;
  // Zero is also the year 1 of .NET and Go, where a date cannot be absent.
  if (/^\d{4}-\d{2}-\d{2}([ T]|$)/.test(text)) return !/^000[01]-/.test(text);
  return /^[+-]?\d+(\.\d*)?$/.test(text) && Number(text) !== 0;
}
