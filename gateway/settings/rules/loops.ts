import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Conflict, Path, Readable } from './readable.ts';
import { validAddress } from './valid-address.ts';

/** Upstream servers that are the gateway's own public listener: their requests would loop. */
export function conflictsOfLoops(settings: Readable): Conflict[] {
  const { routes = [], upstreams = {} } = settings;
  const address = validAddress('listen', settings);
  // With port 0, the port is not known yet.
  if (address === null || !('port' in address) || address.port === 0) return [];
  const { host, port } = address;
  const named: { readonly path: Path; readonly url: string | undefined }[] = [
    ...routes.flatMap((route, index) =>
      (route?.upstream ?? []).map((url) => ({ path: ['routes', index, 'upstream'], url })),
    ),
    ...Object.entries(upstreams).flatMap(([name, group]) =>
      (group?.servers ?? []).map((server, index) => ({
        path: ['upstreams', name, 'servers', index, 'url'],
        url: server?.url,
      })),
    ),
  ];
  return named
    .filter(({ url }) => url !== undefined && leadsTo(url, host, port))
    .map(({ path }) => ({
      path,
      message: `is the gateway itself (listen has port ${port} of this host), so requests would loop; must be another server`,
    }));
}

function leadsTo(url: string, listenHost: string, listenPort: number): boolean {
  const server = /^https?:/.test(url) ? URL.parse(url) : null;
  if (server === null || Number(server.port || (server.protocol === 'https:' ? 443 : 80)) !== listenPort) return false;
  const asked = plain(server.hostname);
  const listened = plain(URL.parse(`http://${listenHost.includes(':') ? `[${listenHost}]` : listenHost}`)?.hostname);
  if (asked === listened) return true;
  const isEverywhere = listened === '0.0.0.0' || listened === '::';
  // A connection to the unspecified address reaches the machine itself.
  if (isLoopback(asked) || asked === '0.0.0.0' || asked === '::') {
    return isEverywhere || isSameLoopback(asked, listened);
  }
  return isEverywhere && ownAddresses().has(asked);
}

/** An address without brackets, an IPv4-mapped one (::ffff:a.b.c.d) as IPv4; a name in lower case, without a trailing dot. */
function plain(hostname = ''): string {
  const address = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(address);
  if (mapped === null) return address.replace(/\.$/, '');
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** @param name of a host, or its address */
export function isLoopback(name: string): boolean {
  const host = plain(name);
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}

/** Addresses of 127.0.0.0/8 other than the first are separate listeners; a name may resolve to 127.0.0.1 or ::1. */
function isSameLoopback(asked: string, listened: string): boolean {
  if (!isLoopback(listened)) return false;
  const isFirst = (host: string) => host === '127.0.0.1' || host === '::1';
  const isEither = (host: string) => isIP(host) === 0 || host === '0.0.0.0' || host === '::';
  return isEither(asked) ? isEither(listened) || isFirst(listened) : isEither(listened) && isFirst(asked);
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((of) => (of ?? []).map(({ address }) => address)));
}
