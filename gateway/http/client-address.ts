import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { addressOf, parseForwarded } from '../fields/forwarded.ts';

/** The peer of a connection: its address, and whether what it says of others is believed. */
export interface Peer {
  readonly address: string;
  readonly trusted: boolean;
}

/**
 * Compiles `trustedProxies`. Nobody is trusted by default: `X-Forwarded-For` from just anybody is a claim.
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
    // A socket that listens on `::` shows its IPv4 peers in IPv6 clothes.
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
 * Finds the address of whoever sends a request: the peer, or, where that is a trusted proxy, the last one in
 * `X-Forwarded-For` that is not; `Forwarded` counts where a proxy writes no other. What stands before it is only a claim
 * of somebody who is not trusted.
 *
 * @param noticeStranger is told of each request whose peer is not trusted
 */
export function clientAddress(
  peerOf: (address: string | undefined) => Peer,
  noticeStranger: (req: IncomingMessage, address: string) => void,
): (req: IncomingMessage) => string {
  return (req) => {
    const peer = peerOf(req.socket.remoteAddress);
    if (!peer.trusted) {
      noticeStranger(req, peer.address);
      return peer.address;
    }
    let nearest = peer.address;
    for (const node of nodesOf(req.headers).reverse()) {
      const address = addressOf(node);
      // A proxy that writes no address tells nothing of who is behind it.
      if (address === null) break;
      const hop = peerOf(address);
      nearest = hop.address;
      if (!hop.trusted) break;
    }
    return nearest;
  };
}

/** The senders of a request as proxies name them, the nearest one last. */
function nodesOf({ 'x-forwarded-for': list, forwarded }: IncomingHttpHeaders): string[] {
  if (list !== undefined)
    return String(list)
      .split(',')
      .map((text) => text.trim());
  return forwarded === undefined ? [] : parseForwarded(forwarded).map(({ for: node = 'unknown' }) => node);
}
