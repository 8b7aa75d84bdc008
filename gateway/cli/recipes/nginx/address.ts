import { type Address, hostAndPort } from '../service.ts';

/** The argument of `server` in `upstream { }`. */
export function serverAddress(address: Address): string {
  return address.kind === 'socket' ? `unix:${address.path}` : hostAndPort(address);
}
