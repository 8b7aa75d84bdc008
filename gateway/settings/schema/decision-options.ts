import { z } from 'zod';
import { duration, listOf, matching, options } from './formats.ts';
import { host, type ListenAddress, network, port } from './listener-options.ts';

/** `0s`, or so long that nginx, which counts whole seconds, keeps an answer for a second at least. */
function keptTime() {
  const time = duration('2s', '60s');
  return z.union([z.literal('0s').transform(() => 0), time], { error: 'must be 0s, or a duration from 2s to 60s' });
}

/** The listener for other proxies. */
export const decisionOptions = options({
  host: host.exactOptional().describe('The IP address or host name to listen on; 127.0.0.1 when left out.'),
  port: port.exactOptional().describe('The port; 8082 when left out, and 0 takes any free one.'),
  socket: matching(/^\/[^\0]*[^\0/]$/, 'must be the full path of a Unix socket, such as /run/gatehouse/decisions.sock')
    .exactOptional()
    .describe('The path of a Unix socket (mode 0660), in place of host and port.'),
  peers: listOf(network, 'must be a list of IP addresses or networks, such as [10.0.0.0/8]')
    .prefault([])
    .describe('The proxies that may ask. Required unless host is a loopback address, or socket is set.'),
  cache: keptTime()
    .prefault('0s')
    .describe(
      'How long nginx may keep a yes: 0s for not at all, or from 2s to 60s. A revocation takes so much longer.',
    ),
}).describe('The listener that decides for other proxies; see docs/decisions.md. Left out: there is none.');

export type DecisionSettings = z.output<typeof decisionOptions>;

/** Where the listener is. */
export function decisionsAddress(settings: Partial<DecisionSettings>): ListenAddress {
  const { socket, host: name = '127.0.0.1', port: number = 8082 } = settings;
  return socket === undefined ? { host: name, port: number } : { path: socket };
}
