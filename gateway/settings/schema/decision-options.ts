import { z } from 'zod';
import { duration, listOf, options } from './formats.ts';
import { addressOptions, peer } from './listener-options.ts';

/** `0s`, or so long that nginx, which counts whole seconds, keeps an answer for a second at least. */
function keptTime() {
  const time = duration('2s', '60s');
  return z.union([z.literal('0s').transform(() => 0), time], { error: 'must be 0s, or a duration from 2s to 60s' });
}

/** The listener for other proxies. */
export const decisionOptions = options({
  ...addressOptions('decisions'),
  peers: listOf(peer, 'must be a list of IP addresses or networks, such as [10.0.0.0/8]')
    .prefault([])
    .describe('The proxies that may ask. Required unless host is a loopback address, or socket is set.'),
  cache: keptTime()
    .prefault('0s')
    .describe(
      'How long nginx may keep a yes: 0s for not at all, or from 2s to 60s. A revocation takes so much longer.',
    ),
}).describe('The listener that decides for other proxies; see docs/decisions.md. Left out: there is none.');

export type DecisionSettings = z.output<typeof decisionOptions>;
