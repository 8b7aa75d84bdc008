import { readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { FIRST_PASSED } from '../../ops/socket-descriptors.ts';

/** Where a socket listens. */
export type SocketAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * The address of a socket that a service manager has passed to another process, by /proc of Linux.
 *
 * @param fd its descriptor there, or its name in `LISTEN_FDNAMES`
 * @returns null if there is no such process of this user, or no such listening socket
 */
export function passedSocket(pid: number, fd: number | string): SocketAddress | null {
  try {
    const number = typeof fd === 'number' ? fd : descriptorNamed(fd, readFileSync(`/proc/${pid}/environ`, 'utf8'));
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${number}`)) ?? [];
    if (inode === undefined) return null;
    const table = (name: string) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8');
    return tcpAddress(table('tcp'), inode) ?? tcpAddress(table('tcp6'), inode) ?? unixAddress(table('unix'), inode);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

/** @param environment `NAME=value` with a NUL after each */
function descriptorNamed(name: string, environment: string): number {
  const [, names = ''] = /(?:^|\0)LISTEN_FDNAMES=([^\0]*)/.exec(environment) ?? [];
  const index = names.split(':').indexOf(name);
  return index === -1 ? Number.NaN : FIRST_PASSED + index;
}

/** @param table of proc_net(5): the local address is the second field, the inode the tenth */
function tcpAddress(table: string, inode: string): SocketAddress | null {
  for (const line of table.split('\n')) {
    const [, local = '', , , , , , , , number] = line.trim().split(/\s+/);
    if (number !== inode) continue;
    const [address = '', port = ''] = local.split(':');
    return { host: hostIn(address), port: Number.parseInt(port, 16) };
  }
  return null;
}

/** @param hex words of 32 bits, each a number as this machine reads it from memory */
function hostIn(hex: string): string {
  const words = (hex.match(/.{8}/g) ?? []).map((word) => [...Buffer.from(word, 'hex')]);
  const bytes = words.flatMap((word) => (endianness() === 'LE' ? word.reverse() : word));
  if (bytes.length === 4) return bytes.join('.');
  const pairs = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return pairs.map((pair) => Number.parseInt(pair, 16).toString(16)).join(':');
}

/** @param table of proc_net(5): the inode is the seventh field, then follows the path, which may have spaces */
function unixAddress(table: string, inode: string): SocketAddress | null {
  for (const line of table.split('\n')) {
    const [, number, path] = /^\w+: (?:\w+ +){5} *(\d+) (\/.*)$/.exec(line) ?? [];
    if (number === inode && path !== undefined) return { path };
  }
  return null;
}
