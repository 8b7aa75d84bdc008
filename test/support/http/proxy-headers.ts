const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A header of version 1, without checking the parts. */
export function textHeader(source: string, family = source.includes(':') ? 'TCP6' : 'TCP4'): Buffer {
  return Buffer.from(`PROXY ${family} ${source} ${family === 'TCP6' ? '::1' : '127.0.0.1'} 51234 8080\r\n`, 'latin1');
}

/**
 * A header of version 2, without checking the parts.
 *
 * @param command the byte of version and command
 * @param kind the byte of family and transport
 */
export function binaryHeader(command: number, kind: number, rest: Buffer): Buffer {
  const head = Buffer.concat([SIGNATURE, Buffer.from([command, kind, 0, 0])]);
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
}

/** A header of version 2 for TCP over IPv4. */
export function binaryIPv4(source: string, tlvs: Buffer = Buffer.alloc(0)): Buffer {
  const address = Buffer.from(source.split('.').map(Number));
  return binaryHeader(0x21, 0x11, Buffer.concat([address, Buffer.from([127, 0, 0, 1, 200, 34, 31, 144]), tlvs]));
}

/** A header of version 2 for TCP over IPv6. @param source 32 hexadecimal digits */
export function binaryIPv6(source: string): Buffer {
  return binaryHeader(0x21, 0x21, Buffer.concat([Buffer.from(source, 'hex'), Buffer.alloc(20)]));
}

/** A TLV of version 2 (section 2.2). */
export function tlv(type: number, value: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}
