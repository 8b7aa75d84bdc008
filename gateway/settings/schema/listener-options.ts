import { isHost, isNetwork } from './addresses.ts';
import { textThat, wholeNumber } from './formats.ts';

export const host = textThat(
  isHost,
  'must be an IP address or a host name without port, such as 127.0.0.1, or 0.0.0.0 for every interface',
);

export const port = wholeNumber(0, 65_535, 'a port (0: any free one)');

/** Where a listener is: a Unix socket, or a host and a port. */
export type ListenAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** The options that say where a listener is. */
export function listener(usualHost: string, usualPort: number) {
  return {
    host: host.prefault(usualHost).describe('The IP address or host name to listen on.'),
    port: port.prefault(usualPort).describe('The port; 0 takes any free one.'),
  };
}

export const network = textThat(
  isNetwork,
  'must be an IP address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8',
);
