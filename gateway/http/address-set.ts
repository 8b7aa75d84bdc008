import { BlockList, isIP } from 'node:net';
import { addressOf } from '../fields/forwarded.ts';

/** A set of IP addresses. An IPv4 address is in networks of IPv4 alone: `::/0` is all of IPv6. */
export interface AddressSet {
  /** @param address of a client, in the form of `addressOf`; it may have a zone. Anything else is in no set. */
  has(address: string): boolean;
}

/** @param networks addresses and CIDRs, as `isNetwork` has validated them */
export function compileAddresses(networks: readonly string[]): AddressSet {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const network of networks) {
    const [address = '', length] = plainNetwork(network).split('/');
    const isIPv6 = isIP(address) === 6;
    const list = lists[isIPv6 ? 6 : 4];
    const family = isIPv6 ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return {
    has(address) {
      switch (isIP(address)) {
        case 4:
          return lists[4].check(address, 'ipv4');
        case 6:
          return lists[6].check(address.replace(/%.*/, ''), 'ipv6');
        default:
          return false;
      }
    },
  };
}

/** Bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = 96;

/** A network in its shortest form; one of IPv4-mapped addresses, `::ffff:10.0.0.0/104`, as the one of IPv4, `10.0.0.0/8`. */
export function plainNetwork(network: string): string {
  const [text = '', length] = network.split('/');
  const address = addressOf(text) ?? text;
  if (length === undefined) return address;
  const isMapped = isIP(text) === 6 && isIP(address) === 4;
  if (!isMapped) return `${address}/${Number(length)}`;
  return Number(length) < MAPPED_BITS ? network : `${address}/${Number(length) - MAPPED_BITS}`;
}
