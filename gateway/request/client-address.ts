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
