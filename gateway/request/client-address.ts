import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

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
 * `X-Forwarded-For` that is not. What stands before it is only a claim of somebody who is not trusted.
 */
export function clientAddress(peerOf: (address: string | undefined) => Peer): (req: IncomingMessage) => string {
  return (req) => {
    const peer = peerOf(req.socket.remoteAddress);
    if (!peer.trusted) return peer.address;
    const forwarded = String(req.headers['x-forwarded-for'] ?? '').split(',');
    let nearest = peer.address;
    for (const address of forwarded.map((text) => text.trim()).reverse()) {
      // A proxy that writes no address tells nothing of who is behind it.
      if (isIP(address) === 0) break;
      const hop = peerOf(address);
      nearest = hop.address;
      if (!hop.trusted) break;
    }
    return nearest;
  };
}
