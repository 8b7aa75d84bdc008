import { z } from 'zod';
import { UNIX_PEER } from '../../fields/forwarded.ts';
import { isHost, isNetwork } from './addresses.ts';
import { matching, textThat, wholeNumber } from './formats.ts';

/** The sections that say where a listener is. */
export type ListenerName = 'listen' | 'listen.redirect' | 'ops' | 'decisions';

/** Where a listener is: a Unix socket, a socket that was opened before the gateway started, or a host and a port. */
export type ListenAddress =
  | { readonly path: string }
  | { readonly fd: number | string }
  | { readonly host: string; readonly port: number };

/** The address of a listener as its section has it. */
export interface WrittenAddress {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly socket?: string | undefined;
  readonly fd?: number | string | undefined;
}

const USUAL_HOST = '127.0.0.1';
const USUAL_PORT: Readonly<Record<ListenerName, number>> = {
  ...{ listen: 8080, 'listen.redirect': 80, ops: 8081, decisions: 8082 },
};
/** The first descriptor after standard input, output and error (sd_listen_fds(3)). */
const FIRST_FD = 3;
const MOST_FD = 1_023;

export const host = textThat(
  isHost,
  'must be an IP address or a host name without port, such as 127.0.0.1, or 0.0.0.0 for every interface',
);

const port = wholeNumber(0, 65_535, 'a port (0: any free one)');

const FD_FORM = `must be the number of an open descriptor, from ${FIRST_FD} to ${MOST_FD}, or the name that its socket unit has in FileDescriptorName`;

/** The options that say where a listener is. All may be left out. */
export function addressOptions(name: ListenerName) {
  return {
    host: host.exactOptional().describe(`The IP address or host name to listen on; ${USUAL_HOST} when left out.`),
    port: port.exactOptional().describe(`The port; ${USUAL_PORT[name]} when left out, and 0 takes any free one.`),
    socket: matching(/^\/[^\0]*[^\0/]$/, `must be the full path of a Unix socket, such as /run/gatehouse/${name}.sock`)
      .exactOptional()
      .describe('The path of a Unix socket (mode 0660), in place of host and port.'),
    fd: z
      .union([wholeNumber(FIRST_FD, MOST_FD, 'a descriptor'), matching(/^[A-Za-z][\w.-]{0,254}$/, FD_FORM)], {
        error: FD_FORM,
      })
      .exactOptional()
      .describe(
        'A socket that the service manager has opened (socket activation), in place of host and port: its descriptor, such as 3, or its FileDescriptorName.',
      ),
  };
}

/** Where a listener is, by the options of its section. */
export function listenAddress(name: ListenerName, written: WrittenAddress): ListenAddress {
  const { fd, socket, host: hostName = USUAL_HOST, port: number = USUAL_PORT[name] } = written;
  if (fd !== undefined) return { fd };
  return socket === undefined ? { host: hostName, port: number } : { path: socket };
}

export const network = textThat(
  isNetwork,
  'must be an IP address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8',
);

export const peer = textThat(
  (text) => text === UNIX_PEER || isNetwork(text),
  'must be an IP address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8, or unix for the peers of a Unix socket',
);
