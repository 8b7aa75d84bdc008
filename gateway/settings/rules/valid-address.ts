import { redirectAddress } from '../schema/listen-tls-options.ts';
import {
  type ListenAddress,
  type ListenerName,
  listenAddress,
  type WrittenAddress,
} from '../schema/listener-options.ts';
import type { Readable } from './readable.ts';

/** @returns where a listener is; null: there is none, or one of the options is invalid, so that its default must not stand in */
export function validAddress(name: ListenerName, settings: Readable): ListenAddress | null {
  const section = sectionOf(name, settings);
  if (section === undefined) return null;
  const refused = (['host', 'port', 'socket', 'fd'] as const).some(
    (option) => option in section && section[option] === undefined,
  );
  return refused ? null : listenAddress(name, section);
}

function sectionOf(name: ListenerName, { listen, ...others }: Readable): WrittenAddress | undefined {
  if (name === 'listen') return listen;
  if (name !== 'listen.redirect') return others[name];
  return listen?.redirect === undefined ? undefined : redirectAddress(listen, listen.redirect);
}
