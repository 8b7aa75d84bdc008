import { isIPv4, isIPv6 } from 'node:net';
import { readProxyHeader } from '../../../gateway/request/connections/proxy-header.ts';
import { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';
import { valueOfAddress } from './ip-addresses.ts';

/**
 * The beginnings of connections with a PROXY header. Each is read as by the specification, in whatever pieces it arrives: the
 * same client, and the same first byte behind the header. No piece of a header is taken for the whole.
 */
export const proxyHeaders: Campaign = {
  name: 'proxy-headers',
  open: () => ({ generate: beginnings, compare }),
};

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const ADDRESSES: readonly [string, ...string[]] = [
  '203.0.113.7',
  '::1',
  '2001:db8::7',
  '::ffff:1.2.3.4',
  '255.255.255.255',
  '::ffff:102:304',
  '1:2:3:4:5:6:7:8',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3.4 ',
  ':::',
  '::g',
  'fe80::1%lo',
  '',
  '0x7f.1',
  '::1.2.3.4',
];
const PORTS: readonly [string, ...string[]] = [
  '0',
  '1',
  '443',
  '65535',
  '65536',
  '01',
  '',
  '-1',
  '99999',
  '4e3',
  '+80',
  '123456',
];
const BEHIND = 'GET / HTTP/1.1\r\n\r\n';

function beginnings(random: Random): Buffer {
  const header = random.once(2) ? text(random) : binary(random);
  const whole = random.once(3) ? mutate(random, header) : header;
  const bytes = Buffer.concat([whole, Buffer.from(BEHIND)]);
  return random.once(10) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

function text(random: Random): Buffer {
  const family = random.mostly(4, random.of(['TCP4', 'TCP6']), 'UNKNOWN', 'UDP4', 'tcp4', 'TCP', '');
  const address = () =>
    random.once(4)
      ? random.of(ADDRESSES)
      : random.of(family === 'TCP6' ? ['::1', '2001:db8::7'] : ['1.2.3.4', '10.0.0.1']);
  const port = () => random.mostly(5, '443', ...PORTS);
  const rest = random.mostly(8, '', ' ', ' x', 'x'.repeat(random.below(120)), '\0', '\n');
  const line = random.once(12) ? `PROXY ${family}` : `PROXY ${family} ${address()} ${address()} ${port()} ${port()}`;
  return Buffer.from(`${line}${rest}${random.mostly(8, '\r\n', '\n', '\r', '\r\r\n', '')}`, 'latin1');
}

function binary(random: Random): Buffer {
  const command = random.mostly(5, 0x21, 0x20, 0x22, 0x11, 0x31, random.below(256));
  const kind = random.mostly(3, random.of([0x11, 0x21]), 0x00, 0x12, 0x22, 0x31, 0x32, 0x41, 0x13, random.below(256));
  const size = [0, 12, 36, 216][kind >> 4] ?? 12;
  const body = Buffer.from(random.text('\0\x01\x7f\xff', size + random.mostly(3, 0, random.below(40))), 'latin1');
  if (random.once(6)) Buffer.from('00000000000000000000ffff', 'hex').copy(body);
  const head = Buffer.concat([SIGNATURE, Buffer.of(command, kind, 0, 0)]);
  head.writeUInt16BE(
    random.mostly(4, body.length, Math.max(0, body.length - 1), 0, 11, 35, body.length + 1, 65_535),
    14,
  );
  return Buffer.concat([head, body]);
}

/** What a reader knows of the beginning of a connection. */
type Read =
  | { readonly kind: 'whole'; readonly length: number; readonly source: bigint | 'unknown' | 'proxy' }
  | { readonly kind: 'partial' }
  | { readonly kind: 'none' };

function compare(bytes: Buffer, seed: number): Finding {
  const expected = strictlyRead(bytes);
  const ours = asRead(readProxyHeader(bytes));
  const random = new Random(seed);
  // As the stage reads: again whenever as much has arrived as was said to be needed.
  let needed = 1;
  let early: string | null = null;
  let last: Read = { kind: 'partial' };
  for (let arrived = 0; arrived < bytes.length && last.kind === 'partial'; ) {
    arrived = Math.min(bytes.length, arrived + 1 + random.below(24));
    if (arrived < needed) continue;
    const read = readProxyHeader(bytes.subarray(0, arrived));
    last = asRead(read);
    if (read.kind !== 'partial') continue;
    needed = read.needed;
    if (needed <= arrived) early = `needs ${needed} of ${arrived} bytes`;
    if (expected.kind === 'whole' && needed > expected.length)
      early = `waits for ${needed} bytes of ${expected.length}`;
  }
  const isWaiting = last.kind === 'partial' && needed > bytes.length;
  const difference = firstOf(
    early,
    unequal('header', shown(ours), shown(expected)),
    isWaiting && expected.kind === 'none' ? null : unequal('header in pieces', shown(last), shown(expected)),
  );
  return { kind: expected.kind === 'whole' ? `whole: ${typeof expected.source}` : expected.kind, difference };
}

function shown(read: Read): string {
  return read.kind === 'whole' ? `${read.length} bytes, from ${read.source}` : read.kind;
}

function asRead(read: ReturnType<typeof readProxyHeader>): Read {
  if (read.kind !== 'whole') return { kind: read.kind };
  const { length, source } = read;
  return { kind: 'whole', length, source: source === null ? 'proxy' : (valueOfAddress(source) ?? 'unknown') };
}

/** By HAProxy's proxy-protocol.txt, sections 2.1 and 2.2. */
function strictlyRead(bytes: Buffer): Read {
  const isBegun = (start: Buffer) => bytes.subarray(0, start.length).equals(start.subarray(0, bytes.length));
  if (isBegun(SIGNATURE)) return readVersion2(bytes);
  return isBegun(Buffer.from('PROXY ')) ? readVersion1(bytes) : { kind: 'none' };
}

function readVersion1(bytes: Buffer): Read {
  // The longest line has 107 characters, CRLF included.
  const [line] = bytes.subarray(0, 107).toString('latin1').split('\r\n', 1);
  if (line === undefined || line.length === Math.min(107, bytes.length))
    return { kind: bytes.length < 107 ? 'partial' : 'none' };
  const length = line.length + 2;
  const [, family = '', ...words] = line.split(' ');
  if (family === 'UNKNOWN') return { kind: 'whole', length, source: 'unknown' };
  const [source = '', destination = '', ...ports] = words;
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  const isRight =
    ['TCP4', 'TCP6'].includes(family) &&
    [source, destination].every((address) => isAddress(address) && !address.includes('%')) &&
    ports.length === 2 &&
    ports.every((port) => String(Number(port)) === port && Number(port) <= 65_535 && /^\d+$/.test(port));
  return isRight ? { kind: 'whole', length, source: valueOfAddress(source) ?? 'unknown' } : { kind: 'none' };
}

function readVersion2(bytes: Buffer): Read {
  if (bytes.length < 16) return { kind: 'partial' };
  const [version, command] = halves(bytes[12] ?? 0);
  const [family, transport] = halves(bytes[13] ?? 0);
  const length = 16 + (bytes[14] ?? 0) * 256 + (bytes[15] ?? 0);
  if (version !== 2 || command > 1) return { kind: 'none' };
  if (bytes.length < length) return { kind: 'partial' };
  if (command === 0) return { kind: 'whole', length, source: 'proxy' };
  if (family > 3 || transport > 2) return { kind: 'none' };
  const addresses = bytes.subarray(16, length);
  if (addresses.length < ([0, 12, 36, 216][family] ?? 0)) return { kind: 'none' };
  // Other families and transports name no client of this listener.
  if (transport !== 1 || family === 0 || family === 3) return { kind: 'whole', length, source: 'unknown' };
  const address = addresses.subarray(0, family === 1 ? 4 : 16);
  const number = BigInt(`0x${address.toString('hex')}`);
  return { kind: 'whole', length, source: family === 1 ? (0xffffn << 32n) | number : number };
}

function halves(byte: number): [number, number] {
  return [byte >> 4, byte & 15];
}
