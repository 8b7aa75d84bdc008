import { decisionsAddress } from '../schema/decision-options.ts';
import type { ListenAddress } from '../schema/listener-options.ts';
import { isLoopback } from './loops.ts';
import type { Conflict, Readable } from './readable.ts';

export const ANY_HOST: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Conflicts between the listeners of the gateway, and within the one for decisions. */
export function conflictsOfListeners(settings: Readable): Conflict[] {
  return [...sameAddress(settings), ...oneDecisionsAddress(settings), ...peersNamed(settings)];
}

interface Listener {
  readonly name: 'listen' | 'ops' | 'decisions';
  readonly host: string;
  readonly port: number;
}

function sameAddress(settings: Readable): Conflict[] {
  const listeners = listenersOf(settings);
  return listeners.flatMap((one, index) => {
    const other = listeners.slice(0, index).find((before) => collide(before, one));
    if (other === undefined) return [];
    const message = `${one.port} is ${other.name}.port too, on the same host; must be another port, or 0 for any`;
    return [{ path: [one.name, 'port'], message }];
  });
}

function listenersOf({ listen, ops, decisions }: Readable): Listener[] {
  const asking = decisions === undefined || isRefused(decisions) ? {} : addressOf(decisionsAddress(decisions));
  return Object.entries({ listen, ops, decisions: asking }).flatMap(([name, at]) =>
    at?.host === undefined || !at.port ? [] : [{ name: name as Listener['name'], host: at.host, port: at.port }],
  );
}

function addressOf(address: ListenAddress): { readonly host?: string; readonly port?: number } {
  return 'path' in address ? {} : address;
}

/** Whether an option of the address is invalid, so that its default must not stand in. */
function isRefused(decisions: NonNullable<Readable['decisions']>): boolean {
  return (['host', 'port', 'socket'] as const).some((option) => option in decisions && decisions[option] === undefined);
}

function collide(one: Listener, other: Listener): boolean {
  return one.port === other.port && (one.host === other.host || ANY_HOST.has(one.host) || ANY_HOST.has(other.host));
}

function oneDecisionsAddress({ decisions = {} }: Readable): Conflict[] {
  if (decisions.socket === undefined) return [];
  return (['host', 'port'] as const)
    .filter((option) => decisions[option] !== undefined)
    .map((option) => ({
      path: ['decisions', option],
      message: 'excludes decisions.socket; one of the two must be left out',
    }));
}

function peersNamed({ decisions }: Readable): Conflict[] {
  if (decisions === undefined || decisions.peers?.length !== 0 || isRefused(decisions)) return [];
  const address = decisionsAddress(decisions);
  if ('path' in address || isLoopback(address.host)) return [];
  const message = `is empty, and decisions.host (${address.host}) can be reached from other machines; must list the proxies that may ask, such as [10.0.0.0/8]`;
  return [{ path: ['decisions', 'peers'], message }];
}
