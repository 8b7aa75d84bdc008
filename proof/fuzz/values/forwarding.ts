import { isIP } from 'node:net';
import { parseForwarded } from '../../../gateway/fields/forwarded.ts';
import { compileSender, compileTrust } from '../../../gateway/http/client-address.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';
import { valueOfAddress } from './ip-addresses.ts';

const TRUSTED = ['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.1'];
const PEER = '10.0.0.1';
const senderOf = compileSender(compileTrust(TRUSTED, false), () => {});

/**
 * What a trusted proxy says about the client, in `X-Forwarded-For` (inputs that begin with `x`) or `Forwarded`. The client is the
 * nearest address that is not a trusted proxy, in canonical form, and never one that stands before a node that is not trusted.
 */
export const forwarding: Campaign = {
  name: 'forwarding',
  open: () => ({ generate: fields, compare: (bytes) => compare(bytes.toString('latin1')) }),
};

const NODES: readonly [string, ...string[]] = [
  '203.0.113.7',
  '10.0.0.2',
  '10.255.0.1',
  '192.0.2.1',
  '192.0.2.2',
  '2001:db8:1::5',
  '2001:db8:2::5',
  '::ffff:10.0.0.3',
  '::ffff:a00:4',
  '2001:DB8:1:0:0:0:0:9',
  '::1',
  '0:0:0:0:0:ffff:203.0.113.9',
  'fe80::1%eth0',
  'unknown',
  '_hidden',
  '',
  '10.0.0',
  '010.0.0.1',
  '10.0.0.1.',
  '999.0.0.1',
  '10.0.0.2:80',
  '[2001:db8:1::5]:443',
  '[::1]',
  '[10.0.0.2]',
  '10.0.0.2:_port',
  '10.0.0.2:',
  '[::1]:123456',
  '10.0.0.2:80:90',
  '"10.0.0.2"',
  '[fe80::1%25a]',
  '10.0.0.2 203.0.113.7',
];
const PROXIES: readonly [string, ...string[]] = [
  '10.0.0.2',
  '192.0.2.1',
  '2001:db8:1::5',
  '10.0.0.9:81',
  '[2001:db8:1::6]:80',
];
const ODD: readonly [string, ...string[]] = [
  ';',
  ',',
  '"',
  '\\',
  '\\"',
  ' ',
  '\t',
  '=',
  'for',
  '\xa0',
  '\0',
  '\x7f',
  ';;',
  ',,',
  '""',
  'for="',
];

function fields(random: Random): Buffer {
  const nodes = Array.from({ length: 1 + random.below(5) }, () => random.mostly(2, random.of(PROXIES), ...NODES));
  const isList = random.once(2);
  const value = isList
    ? nodes.join(random.mostly(4, ', ', ',', ' ,', '\t,\t', ',,'))
    : nodes.map((node) => element(random, node)).join(random.mostly(4, ', ', ',', ';'));
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([Buffer.from(isList ? 'x' : 'f'), random.once(5) ? mutate(random, bytes) : bytes]);
}

function element(random: Random, node: string): string {
  const name = random.mostly(5, 'for', 'For', 'FOR', 'by', 'fo', '');
  const isQuoted = /[^\w.]/.test(node) || random.once(4);
  const value = isQuoted ? `"${random.once(4) ? node.replace(/(.)/, '\\$1') : node}"` : node;
  const more = random.mostly(
    2,
    '',
    ';proto=https',
    ';host="a, for=1.2.3.4"',
    ';for=203.0.113.9',
    `${random.of(ODD)}`,
    ';by="\\""',
  );
  return `${name}=${value}${more}`;
}

function compare(text: string): Finding {
  // What a parser of HTTP leaves of a value.
  const value = text
    .slice(1)
    .replace(/^[ \t]+|[ \t]+$/g, '')
    .replace(/[\0\r\n]/g, '');
  const isList = text.startsWith('x');
  const claims = {
    forwardedProto: undefined,
    forwardedFor: isList ? value : undefined,
    forwarded: isList ? undefined : value,
  };
  const { client } = senderOf(PEER, claims);
  const stranger = senderOf('203.0.113.99', claims);
  const nodes = isList ? value.split(',').map((node) => node.trim()) : forNodes(value);
  const expected = clientBehind(nodes ?? []);
  const elements = isList ? null : parseForwarded(value).map((one) => one.for ?? 'unknown');
  const difference = firstOf(
    isIP(client) === 0 ? `no address: ${client}` : null,
    unequal('client', valueOfAddress(client)?.toString(16), expected.toString(16)),
    unequal('client of a stranger', stranger.client, '203.0.113.99'),
    elements === null ? null : unequal('elements', elements, nodes ?? []),
    client.includes('.') && client.includes(':') ? `not canonical: ${client}` : null,
  );
  return {
    kind: `${isList ? 'list' : nodes === null ? 'malformed' : 'elements'}: ${client === PEER ? 'the proxy' : 'a client'}`,
    difference,
  };
}

/** From the nearest node on, as long as nodes are trusted proxies. */
function clientBehind(nodes: readonly string[]): bigint {
  let nearest = valueOfAddress(PEER) ?? 0n;
  for (const node of nodes.toReversed()) {
    const address = addressIn(node);
    if (address === null) break;
    nearest = address;
    if (!isTrusted(address)) break;
  }
  return nearest;
}

function isTrusted(address: bigint): boolean {
  return address >> 24n === 0xffff0an || address >> 80n === 0x20010db80001n || address === valueOfAddress('192.0.2.1');
}

/** A node of RFC 7239 section 6, and IPv6 without brackets as proxies write it in `X-Forwarded-For`. */
function addressIn(node: string): bigint | null {
  const bare = node
    .replace(/^"|"$/g, '')
    .replace(/:(?:\d{1,5}|_[\w.-]+)$/, (port, at: number, all: string) =>
      /^(?:[\d.]+|\[.*\])$/.test(all.slice(0, at)) ? '' : port,
    );
  const inBrackets = /^\[(.*)\]$/.exec(bare)?.[1];
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? valueOfAddress(inBrackets) : null;
  if (bare !== node && isIP(bare) === 6) return null;
  return valueOfAddress(isIP(bare) === 6 ? bare.replace(/%.*$/, '') : bare);
}

/** RFC 7239 section 4, character by character. @returns null for a malformed value */
function forNodes(value: string): string[] | null {
  const nodes: string[] = [];
  let pairs = new Map<string, string>();
  let at = 0;
  const skip = () => {
    while (value[at] === ' ' || value[at] === '\t') at += 1;
  };
  const token = () => {
    const begin = at;
    while (/[!#$%&'*+.^_`|~A-Za-z0-9-]/.test(value[at] ?? '')) at += 1;
    return value.slice(begin, at);
  };
  const quoted = () => {
    let content = '';
    for (at += 1; value[at] !== '"'; at += 1) {
      if (value[at] === '\\') at += 1;
      if (at >= value.length) return null;
      content += value[at];
    }
    at += 1;
    return content;
  };
  const end = () => {
    if (pairs.size > 0) nodes.push(pairs.get('for') ?? 'unknown');
    pairs = new Map();
  };
  for (;;) {
    skip();
    const name = token();
    if (name !== '') {
      if (value[at] !== '=') return null;
      at += 1;
      const content = value[at] === '"' ? quoted() : token();
      if (content === null || (content === '' && value[at - 1] !== '"')) return null;
      pairs.set(name.toLowerCase(), content);
      skip();
    }
    if (at >= value.length) break;
    if (value[at] === ',') end();
    else if (value[at] !== ';') return null;
    at += 1;
  }
  end();
  return nodes;
}
