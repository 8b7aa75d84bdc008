import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { addressOf, parseForwarded, UNIX_PEER } from '../fields/forwarded.ts';
import { compileAddresses } from './address-set.ts';

/** The other end of a connection. */
export interface Peer {
  readonly address: string;
  /** Whether it is a trusted proxy, whose forwarding fields are believed. */
  readonly trusted: boolean;
  /** Whether the connection to it is encrypted by TLS. */
  readonly usesTls: boolean;
}

/**
 * Compiles `trustedProxies`. No peer is trusted by default: any client can send `X-Forwarded-For`.
 *
 * @param ranges addresses and CIDRs, of IPv4 and IPv6, and `unix`, as the settings have validated them
 * @param usesTls whether the peers connect by TLS
 */
export function compileTrust(ranges: readonly string[], usesTls: boolean): (socketAddress: string | undefined) => Peer {
  const trusted = compileAddresses(ranges.filter((range) => range !== UNIX_PEER));
  const isUnixTrusted = ranges.includes(UNIX_PEER);
  return (socketAddress = '') => {
    const address = socketAddress.startsWith(MAPPED) ? withoutMapping(socketAddress) : socketAddress;
    if (address === UNIX_PEER) return { address, trusted: isUnixTrusted, usesTls };
    return { address, trusted: ranges.length > 0 && trusted.has(address), usesTls };
  };
}

const MAPPED = '::ffff:';

/** A socket that listens on `::` reports IPv4 peers as `::ffff:192.0.2.1`. `::ffff:7` is an address of IPv6. */
function withoutMapping(address: string): string {
  const rest = address.slice(MAPPED.length);
  return isIPv4(rest) ? rest : address;
}

/** What proxies say about a request. Several lines of a field are one list. */
export interface ForwardingFields {
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly forwarded: string | undefined;
}

/**
 * Finds who sent a request. The client's address is the peer's, or, behind a trusted proxy, the last address in `X-Forwarded-For` that is not a
 * trusted proxy; `Forwarded` is read if there is no `X-Forwarded-For`. Earlier entries are unverified claims.
 *
 * @param noticeUntrustedPeer called for each request whose peer is not trusted
 */
export function compileSender(
  peerOf: (address: string | undefined) => Peer,
  noticeUntrustedPeer: (fields: ForwardingFields, address: string) => void,
): SenderOf {
  return (socketAddress, forwarding) => {
    const peer = peerOf(socketAddress);
    if (!peer.trusted) {
      noticeUntrustedPeer(forwarding, peer.address);
      return { peer, client: peer.address, forwarding };
    }
    return { peer, client: clientBehind(peerOf, nodesOf(forwarding)) ?? peer.address, forwarding };
  };
}

/**
 * Finds who sent a request to a proxy that is trusted.
 *
 * @param forwardedFor what the proxy says in `X-Forwarded-For`
 * @returns the last address that is no trusted proxy, or the first one; null if the last entry is no address
 */
export function clientOfProxy(peerOf: (address: string) => Peer, forwardedFor: string): string | null {
  return clientBehind(peerOf, listed(forwardedFor));
}

function clientBehind(peerOf: (address: string) => Peer, nodes: string[]): string | null {
  let nearest: string | null = null;
  for (const node of nodes.reverse()) {
    const address = addressOf(node);
    // `unknown` or an obfuscated node: the client behind it cannot be found.
    if (address === null) break;
    const hop = peerOf(address);
    nearest = hop.address;
    if (!hop.trusted) break;
  }
  return nearest;
}

/** The fields as Node has read them. */
export function forwardingFields({ headers }: IncomingMessage): ForwardingFields {
  const { 'x-forwarded-for': forwardedFor, 'x-forwarded-proto': forwardedProto, forwarded } = headers;
  return { forwardedFor: forwardedFor?.toString(), forwardedProto: forwardedProto?.toString(), forwarded };
}

/** Who sent a request. */
export interface Sender {
  readonly peer: Peer;
  /** The address of the client, as far as trusted proxies say. */
  readonly client: string;
  readonly forwarding: ForwardingFields;
}

/** @param socketAddress of the other end of the connection */
export type SenderOf = (socketAddress: string | undefined, forwarding: ForwardingFields) => Sender;

/** The nodes that proxies report, the nearest one last. */
function nodesOf({ forwardedFor, forwarded }: ForwardingFields): string[] {
  if (forwardedFor !== undefined) return listed(forwardedFor);
  return forwarded === undefined ? [] : parseForwarded(forwarded).map(({ for: node = 'unknown' }) => node);
}

function listed(forwardedFor: string): string[] {
  return forwardedFor.split(',').map((text) => text.trim());
}
