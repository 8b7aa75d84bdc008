import { type ListenAddress, type ListenerName, listenAddress } from '../schema/listener-options.ts';
import type { Readable } from './readable.ts';

/** @returns where a listener is; null: there is none, or one of the options is invalid, so that its default must not stand in */
export function validAddress(name: ListenerName, settings: Readable): ListenAddress | null {
  const section = settings[name];
  if (section === undefined) return null;
  const refused = (['host', 'port', 'socket', 'fd'] as const).some(
    (option) => option in section && section[option] === undefined,
  );
  return refused ? null : listenAddress(name, section);
}
