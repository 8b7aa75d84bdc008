import { isIPv4, isIPv6 } from 'node:net';
import { addressOf, UNKNOWN_PEER } from '../../fields/forwarded.ts';

/** The beginning of a connection, as the PROXY protocol of HAProxy (proxy-protocol.txt) has it. */
export type ProxyHeader =
  | {
      readonly kind: 'whole';
      /** The bytes of the header. */
      readonly length: number;
      /** The address of the client; `unknown` if the proxy does not say; null: the proxy itself has connected, as for a check. */
      readonly source: string | null;
    }
  /** The rest is to be read when this many bytes are there. */
  | { readonly kind: 'partial'; readonly needed: number }
  | { readonly kind: 'none'; readonly reason: string };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const WORD = Buffer.from('PROXY ');

/** Reads the header of version 1 or 2 at the beginning of the bytes. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsAs(bytes, SIGNATURE)) return readBinary(bytes);
  if (beginsAs(bytes, WORD)) return readText(bytes);
  return none(bytes[0] === TLS_HANDSHAKE ? 'it begins with TLS' : 'it begins with something else');
}

/** The first byte of a client that begins with TLS (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 22;

/** Whether the bytes are the text, or the beginning of it, with anything behind. */
function beginsAs(bytes: Buffer, text: Buffer): boolean {
  const length = Math.min(bytes.length, text.length);
  return bytes.compare(text, 0, length, 0, length) === 0;
}

/** Bytes of the longest header of version 1 (section 2.1). */
const LONGEST_TEXT = 107;
const UNSIGNED = '(?:0|[1-9]\\d{0,4})';
const LINE = new RegExp(`^PROXY (TCP4|TCP6) ([\\da-fA-F:.]+) ([\\da-fA-F:.]+) (${UNSIGNED}) (${UNSIGNED})$`);

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LONGEST_TEXT).indexOf('\r\n');
  if (end === -1) {
    return bytes.length < LONGEST_TEXT
      ? { kind: 'partial', needed: bytes.length + 1 }
      : none(`the line has no end within ${LONGEST_TEXT} bytes`);
  }
  const line = bytes.toString('latin1', 0, end);
  const length = end + 2;
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'whole', length, source: UNKNOWN_PEER };
  const [, family, source = '', destination = '', ...ports] = LINE.exec(line) ?? [];
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  if (
    family === undefined ||
    !isAddress(source) ||
    !isAddress(destination) ||
    ports.some((port) => Number(port) > 65_535)
  )
    return none('the line is malformed');
  return { kind: 'whole', length, source: addressOf(source) };
}

/** Bytes before the addresses: the signature, version and command, family and transport, and the length of what follows. */
const FIXED = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
/** By the family (the upper four bits): unspecified, IPv4, IPv6, Unix. */
const BYTES_OF_ADDRESSES: readonly number[] = [0, 12, 36, 216];
/** By the lower four bits: unspecified, stream, datagram. */
const TRANSPORTS = 3;

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED) return { kind: 'partial', needed: FIXED };
  const [command = 0, kind = 0] = bytes.subarray(SIGNATURE.length);
  if (command !== LOCAL && command !== PROXY) return none('its version or command is unknown');
  const length = FIXED + bytes.readUInt16BE(FIXED - 2);
  if (bytes.length < length) return { kind: 'partial', needed: length };
  // The rest is discarded, whatever it is.
  if (command === LOCAL) return { kind: 'whole', length, source: null };
  const addresses = BYTES_OF_ADDRESSES[kind >> 4];
  if (addresses === undefined || (kind & 15) >= TRANSPORTS) return none('its address family or transport is unknown');
  if (length < FIXED + addresses) return none('its addresses are cut off');
  // What follows the addresses are TLVs.
  return { kind: 'whole', length, source: sourceIn(bytes.subarray(FIXED), kind) };
}

function sourceIn(addresses: Buffer, kind: number): string | null {
  if (kind === TCP_OVER_IPV4) return addresses.subarray(0, 4).join('.');
  if (kind !== TCP_OVER_IPV6) return UNKNOWN_PEER;
  const groups = Array.from({ length: 8 }, (_, index) => addresses.readUInt16BE(index * 2).toString(16));
  return addressOf(groups.join(':'));
}

function none(reason: string): ProxyHeader {
  return { kind: 'none', reason };
}
