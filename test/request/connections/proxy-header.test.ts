import test from 'ava';
import { readProxyHeader } from '../../../gateway/request/connections/proxy-header.ts';
import { binaryHeader, binaryIPv4, binaryIPv6, textHeader, tlv } from '../../support/http/proxy-headers.ts';

const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

/** Whole headers, and the source that each names. */
const HEADERS: Readonly<Record<string, readonly [Buffer, string | null]>> = {
  'version 1 over IPv4': [textHeader('203.0.113.7'), '203.0.113.7'],
  'version 1 over IPv6': [textHeader('2001:DB8:0::7'), '2001:db8::7'],
  'version 1 with a mapped address': [textHeader('::ffff:203.0.113.7'), '203.0.113.7'],
  'version 1, as long as it can be': [
    Buffer.from(
      'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n',
    ),
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ],
  'version 1, unknown': [Buffer.from('PROXY UNKNOWN\r\n'), 'unknown'],
  'version 1, unknown with addresses': [Buffer.from('PROXY UNKNOWN 203.0.113.7 x\r\n'), 'unknown'],
  'version 2 over IPv4': [binaryIPv4('203.0.113.7'), '203.0.113.7'],
  'version 2 over IPv6': [binaryIPv6('20010db8000000000000000000000007'), '2001:db8::7'],
  'version 2 with a mapped address': [binaryIPv6('00000000000000000000ffffcb007107'), '203.0.113.7'],
  'version 2 with TLVs': [binaryIPv4('203.0.113.7', tlv(0x20, Buffer.alloc(600, 'x'))), '203.0.113.7'],
  'version 2 with a TLV that is cut off': [binaryIPv4('203.0.113.7', Buffer.from([1, 255])), '203.0.113.7'],
  'version 2, local': [binaryHeader(0x20, 0x00, Buffer.alloc(0)), null],
  'version 2, local with what is to be discarded': [binaryHeader(0x20, 0xff, Buffer.alloc(99)), null],
  'version 2, unspecified': [binaryHeader(0x21, 0x00, Buffer.alloc(0)), 'unknown'],
  'version 2 of a Unix socket': [binaryHeader(0x21, 0x31, Buffer.alloc(216)), 'unknown'],
  'version 2 of datagrams': [binaryHeader(0x21, 0x12, Buffer.alloc(12)), 'unknown'],
};

for (const [name, [header, source]] of Object.entries(HEADERS)) {
  test(`${name} is read, and what follows is left`, (t) => {
    const whole = { kind: 'whole', length: header.length, source } as const;
    t.deepEqual(readProxyHeader(header), whole);
    t.deepEqual(readProxyHeader(Buffer.concat([header, REQUEST])), whole);
    for (let length = 1; length < header.length; length += 1) {
      const read = readProxyHeader(header.subarray(0, length));
      if (read.kind !== 'partial') return t.fail(`${length} bytes are ${read.kind}`);
      // Otherwise the rest would not be read, or not with the last byte of the header.
      t.true(read.needed > length && read.needed <= header.length, `${read.needed} after ${length}`);
    }
  });
}

for (const [name, bytes] of Object.entries({
  'a request': REQUEST,
  'a TLS handshake': Buffer.from([22, 3, 1, 2, 0]),
  'another signature': Buffer.from('\r\n\r\n\0\r\nQUIT\r'),
  'a word in lower case': Buffer.from('proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n'),
  'a line without an end': Buffer.from(`PROXY UNKNOWN ${'x'.repeat(93)}`),
  'a line with an end too late': Buffer.from(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`),
  'a line that ends with LF': Buffer.from(`PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n${'x'.repeat(80)}\r\n`),
  'two spaces': Buffer.from('PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n'),
  'a space at the end': Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n'),
  'a family of another name': Buffer.from('PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n'),
  'UNKNOWN with something behind': Buffer.from('PROXY UNKNOWNS\r\n'),
  'no ports': Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4\r\n'),
  'a port that is too high': Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n'),
  'a port with a zero in front': Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n'),
  'IPv6 as IPv4': textHeader('2001:db8::7', 'TCP4'),
  'IPv4 as IPv6': textHeader('203.0.113.7', 'TCP6'),
  'an address with a zone': textHeader('fe80::1%eth0'),
  'an address with a zero in front': textHeader('203.0.113.07'),
  'an address out of range': textHeader('203.0.113.256'),
  'a name in place of an address': textHeader('client.example', 'TCP4'),
  'a version 2 of another number': binaryHeader(0x31, 0x11, Buffer.alloc(12)),
  'a version 2 with another command': binaryHeader(0x22, 0x11, Buffer.alloc(12)),
  'a version 2 of another family': binaryHeader(0x21, 0x41, Buffer.alloc(216)),
  'a version 2 of another transport': binaryHeader(0x21, 0x13, Buffer.alloc(12)),
  'a version 2 whose addresses are cut off': binaryHeader(0x21, 0x11, Buffer.alloc(11)),
  'a version 2 whose IPv6 addresses are cut off': binaryHeader(0x21, 0x21, Buffer.alloc(35)),
  'a version 2 whose paths are cut off': binaryHeader(0x21, 0x31, Buffer.alloc(215)),
})) {
  test(`${name} is no PROXY header`, (t) => {
    t.is(readProxyHeader(bytes).kind, 'none');
  });
}
