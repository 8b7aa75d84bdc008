const BYTES = /^(rss|anonymous memory|heap|external|array buffers|malloc by V8|global handles|redis memory)$/;
const MB = 1_024 * 1_024;

/** A value of a series for readers: bytes in MB, `ms` with its unit, all else as it is. */
export function amount(series: string, value: number): string {
  if (BYTES.test(series)) return `${rounded(value / MB)} MB`;
  return series === 'ms' ? `${rounded(value)} ms` : rounded(value);
}

/** With three significant digits, and all digits before the point. */
function rounded(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2);
}
