import { OperatorError } from '../../domain/errors.ts';
import { listenAddress, type WrittenAddress } from '../../settings/schema/listener-options.ts';
import { passedSocket, type SocketAddress } from './passed-socket.ts';

/** Where the ops listener of a gateway answers: as Node's HTTP client takes it, and as an operator reads it. */
export interface OpsAddress {
  readonly to: { readonly host: string; readonly port: number } | { readonly socketPath: string };
  readonly name: string;
}

const ANY_IPV4 = '0.0.0.0';
const LOOPBACKS: Readonly<Record<string, string>> = { [ANY_IPV4]: '127.0.0.1', '[::]': '::1' };

/**
 * The address of the ops listener in a configuration. A listener on every interface is asked on the loopback interface.
 *
 * @param file the path of the configuration as the operator gave it
 * @param pid the process of the gateway, if it is known
 * @throws OperatorError when only the gateway itself knows the address
 */
export function opsOf(file: string, ops: WrittenAddress, pid?: number): OpsAddress {
  const written = listenAddress('ops', ops);
  const address = 'fd' in written ? addressOfPassed(file, written.fd, pid) : written;
  if ('path' in address) return { to: { socketPath: address.path }, name: `unix:${address.path}` };
  const { host, port } = address;
  if (port === 0) {
    throw new OperatorError(
      `${file}: ops.port is 0, so only the log of the start has the port; name the listener with --url http://HOST:PORT`,
    );
  }
  return tcp(host, port);
}

function addressOfPassed(file: string, fd: number | string, pid: number | undefined): SocketAddress {
  const otherwise = 'name the listener with --url http://HOST:PORT or --url unix:/PATH';
  if (pid === undefined) {
    throw new OperatorError(
      `${file}: ops.fd is a socket of the service manager; name the process of the gateway with --pid, or ${otherwise}`,
    );
  }
  const address = passedSocket(pid, fd);
  if (address !== null) return address;
  throw new OperatorError(
    `${file}: process ${pid} has no listening socket ${fd}, which is ops.fd, or this user may not see it; ${otherwise}`,
  );
}

/**
 * Reads `http://HOST:PORT` or `unix:/PATH`, as the gateway logs its listeners.
 *
 * @returns null if the text is neither
 */
export function opsIn(text: string): OpsAddress | null {
  if (/^unix:\/[^\0]*[^\0/]$/.test(text)) return { to: { socketPath: text.slice('unix:'.length) }, name: text };
  const url = /^http:\/\/[^/?#@]+\/?$/.test(text) ? URL.parse(text) : null;
  return url === null ? null : tcp(url.hostname, url.port === '' ? 80 : Number(url.port));
}

function tcp(written: string, port: number): OpsAddress {
  const name = written.includes(':') && !written.startsWith('[') ? `[${written}]` : written;
  // In its shortest form, `::` has one spelling. A zone, as in fe80::1%eth0, makes no URL.
  const host = URL.parse(`http://${name}`)?.hostname ?? name;
  return {
    to: { host: LOOPBACKS[host] ?? host.replace(/^\[(.*)\]$/, '$1'), port },
    name: `http://${host}:${port}`,
  };
}
