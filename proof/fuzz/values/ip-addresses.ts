import { isIPv4, isIPv6 } from 'node:net';

/**
 * The number of an address; that of an IPv4 address as an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2).
 *
 * @returns null for a text that is no address, or one with a zone
 */
export function valueOfAddress(text: string): bigint | null {
  if (isIPv4(text)) return (0xffffn << 32n) | valueOfIPv4(text);
  if (!isIPv6(text) || text.includes('%')) return null;
  const dot = text.lastIndexOf(':') + 1;
  const isMixed = text.includes('.');
  const ipv4 = isMixed ? valueOfIPv4(text.slice(dot)) : 0n;
  const whole = isMixed ? `${text.slice(0, dot)}${(ipv4 >> 16n).toString(16)}:${(ipv4 & 0xffffn).toString(16)}` : text;
  const [before = [], behind] = whole.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = behind === undefined ? [] : Array<string>(8 - before.length - behind.length).fill('0');
  return [...before, ...zeros, ...(behind ?? [])].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function valueOfIPv4(text: string): bigint {
  return text.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}
