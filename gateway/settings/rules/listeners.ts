import { isDeepStrictEqual } from 'node:util';
import { UNIX_PEER } from '../../fields/forwarded.ts';
import type { ListenAddress, ListenerName, WrittenAddress } from '../schema/listener-options.ts';
import { isLoopback } from './loops.ts';
import type { Conflict, Readable } from './readable.ts';
import { validAddress } from './valid-address.ts';

export const ANY_HOST: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Conflicts between the listeners of the gateway, and within each. */
export function conflictsOfListeners(settings: Readable): Conflict[] {
  return [
    ...sameAddress(settings),
    ...NAMES.flatMap((name) =>
      oneAddress(name, name === 'listen.redirect' ? settings.listen?.redirect : settings[name]),
    ),
    ...peersNamed(settings),
    ...proxiesNamed(settings),
  ];
}

const NAMES: readonly ListenerName[] = ['listen', 'listen.redirect', 'ops', 'decisions'];

function sameAddress(settings: Readable): Conflict[] {
  const listeners = NAMES.flatMap((name) => {
    const address = validAddress(name, settings);
    return address === null ? [] : [{ name, address }];
  });
  return listeners.flatMap(({ name, address }, index) => {
    const other = listeners.slice(0, index).find((before) => collide(before.address, address));
    if (other === undefined) return [];
    if ('path' in address)
      return [takenBy(name, 'socket', `${address.path} is ${other.name}.socket too; must be another path`)];
    if ('fd' in address) return [takenBy(name, 'fd', `${address.fd} is ${other.name}.fd too; must be another socket`)];
    const message = `${address.port} is ${other.name}.port too, on the same host; must be another port, or 0 for any`;
    return [takenBy(name, 'port', message)];
  });
}

function takenBy(name: ListenerName, option: string, message: string): Conflict {
  return { path: [...name.split('.'), option], message };
}

function collide(one: ListenAddress, other: ListenAddress): boolean {
  if (!('port' in one) || !('port' in other)) return isDeepStrictEqual(one, other);
  if (one.port === 0 || one.port !== other.port) return false;
  return one.host === other.host || ANY_HOST.has(one.host) || ANY_HOST.has(other.host);
}

/** Of `fd`, `socket`, and `host` with `port`, a listener has one. */
function oneAddress(name: ListenerName, section: WrittenAddress = {}): Conflict[] {
  const kind = section.fd !== undefined ? 'fd' : section.socket !== undefined ? 'socket' : null;
  if (kind === null) return [];
  return (['host', 'port', 'socket'] as const)
    .filter((option) => option !== kind && section[option] !== undefined)
    .map((option) => ({
      path: [...name.split('.'), option],
      message: `excludes ${name}.${kind}; one of the two must be left out`,
    }));
}

function peersNamed(settings: Readable): Conflict[] {
  const address = validAddress('decisions', settings);
  if (address === null || settings.decisions?.peers?.length !== 0) return [];
  if ('path' in address || ('host' in address && isLoopback(address.host))) return [];
  const message =
    'fd' in address
      ? 'is empty, and the socket of decisions.fd may be reachable from other machines; must list the proxies that may ask, such as [127.0.0.1], or [unix] for a Unix socket'
      : `is empty, and decisions.host (${address.host}) can be reached from other machines; must list the proxies that may ask, such as [10.0.0.0/8]`;
  return [{ path: ['decisions', 'peers'], message }];
}

/** With PROXY headers, nobody else may connect. */
function proxiesNamed(settings: Readable): Conflict[] {
  const { listen, trustedProxies } = settings;
  if (!listen?.proxyProtocol || trustedProxies === undefined) return [];
  const message = (['listen', 'listen.redirect'] as const)
    .map((name) => lackOfProxies(name, validAddress(name, settings), trustedProxies))
    .find((lack) => lack !== null);
  return message === undefined ? [] : [{ path: ['trustedProxies'], message }];
}

function lackOfProxies(
  name: ListenerName,
  address: ListenAddress | null,
  trusted: readonly (string | undefined)[],
): string | null {
  if (address === null) return null;
  if ('path' in address && !trusted.includes(UNIX_PEER))
    return `lacks ${UNIX_PEER}, and listen.proxyProtocol closes the connections of all other peers of ${name}.socket; must contain ${UNIX_PEER}`;
  if (trusted.length > 0) return null;
  return 'is empty, and listen.proxyProtocol closes the connections of all others; must list the proxies that send PROXY headers, such as [10.0.0.7]';
}
