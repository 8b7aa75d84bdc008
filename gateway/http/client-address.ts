import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { addressOf, parseForwarded } from '../fields/forwarded.ts';

/** The other end of a connection. */
export interface Peer {
  readonly address: string;
  /** Whether it is a trusted proxy, whose forwarding fields are believed. */
  readonly trusted: boolean;
}

/**
 * Compiles `trustedProxies`. No peer is trusted by default: any client can send `X-Forwarded-For`.
 *
 * @param ranges addresses and CIDRs, of IPv4 and IPv6, as the settings have validated them
 */
export function compileTrust(ranges: readonly string[]): (socketAddress: string | undefined) => Peer {
  const trusted = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (socketAddress = '') => {
    // A socket that listens on `::` reports IPv4 peers as ::ffff:a.b.c.d.
    const address = socketAddress.startsWith('::ffff:') ? socketAddress.slice(7) : socketAddress;
    if (ranges.length === 0) return { address, trusted: false };
    const family = isIP(address);
    return {
      address,
      trusted: family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4'),
    };
  };
}

/**
 * Finds the client's address: the peer's, or, behind a trusted proxy, the last address in `X-Forwarded-For` that is not a
 * trusted proxy; `Forwarded` is read if there is no `X-Forwarded-For`. Earlier entries are unverified claims.
 *
 * @param noticeUntrustedPeer called for each request whose peer is not trusted
 */
export function clientAddress(
  peerOf: (address: string | undefined) => Peer,
  noticeUntrustedPeer: (req: IncomingMessage, address: string) => void,
): (req: IncomingMessage) => string {
  return (req) => {
    const peer = peerOf(req.socket.remoteAddress);
    if (!peer.trusted) {
      noticeUntrustedPeer(req, peer.address);
      return peer.address;
    }
    let nearest = peer.address;
    for (const node of nodesOf(req.headers).reverse()) {
      const address = addressOf(node);
      // `unknown` or an obfuscated node: the client behind it cannot be found.
      if (address === null) break;
      const hop = peerOf(address);
      nearest = hop.address;
      if (!hop.trusted) break;
    }
    return nearest;
  };
}

/** The nodes that proxies report, the nearest one last. */
function nodesOf({ 'x-forwarded-for': list, forwarded }: IncomingHttpHeaders): string[] {
  if (list !== undefined)
    return String(list)
      .split(',')
      .map((text) => text.trim());
  return forwarded === undefined ? [] : parseForwarded(forwarded).map(({ for: node = 'unknown' }) => node);
}
