/**
 * Whether the value of an application's column says that an account is confirmed. NULL, 0, false, the empty text, zero
 * dates, and every text that is neither a number, a date nor a word for true do not.
 */
export function isConfirmedValue(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  if (typeof value === 'bigint') return value !== 0n;
  // BIT columns.
  if (Buffer.isBuffer(value)) return value.some((byte) => byte !== 0);
  return typeof value === 'string' && isConfirmedText(value.trim());
}

function isConfirmedText(text: string): boolean {
  if (/^(true|t|yes|y|on)$/i.test(text)) return true;
  if (/^\d{4}-\d{2}-\d{2}([ T]|$)/.test(text)) return !text.startsWith('0000');
  return /^[+-]?\d+(\.\d*)?$/.test(text) && Number(text) !== 0;
}
