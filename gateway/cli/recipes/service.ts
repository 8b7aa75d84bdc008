import { upstreamAddress } from '../../forward/path.ts';
import type { SettingsWithoutSecrets } from '../../settings/read/load.ts';
import type { RouteSettings } from '../../settings/schema/settings.ts';
import { groupOf } from '../../settings/schema/upstream-group.ts';

/** Where a program listens. */
export type Address =
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string };

/** The servers behind a route. */
export interface Service {
  readonly servers: readonly ServiceServer[];
  readonly isHttps: boolean;
  /** For `Host`. */
  readonly host: string;
  /** The same without the port. */
  readonly hostname: string;
  /** Precedes every path: empty, or a path without a slash at the end. */
  readonly basePath: string;
  /** Whether the route has no upstream, so that the operator must fill in the address. */
  readonly isPlaceholder: boolean;
}

export interface ServiceServer {
  readonly address: Address;
  readonly weight: number;
}

/** A port where nothing listens: the discard service. */
const NOWHERE: Address = { kind: 'port', host: '127.0.0.1', port: 9 };

/** The servers of a route's upstream, or a placeholder. */
export function serviceOf({ upstream }: RouteSettings, { upstreams }: SettingsWithoutSecrets): Service {
  const servers = upstream === undefined ? [] : groupOf(upstream, upstreams).servers;
  const [first] = servers;
  if (first === undefined) {
    const servers = [{ address: NOWHERE, weight: 1 }];
    return { servers, isHttps: false, host: 'localhost', hostname: 'localhost', basePath: '', isPlaceholder: true };
  }
  const { host, basePath } = upstreamAddress(first.url);
  return {
    servers: servers.map(({ url, weight }) => ({ address: addressOf(url), weight })),
    isHttps: first.url.startsWith('https:'),
    ...{ host, hostname: host.replace(/:\d+$/, ''), basePath },
    isPlaceholder: false,
  };
}

function addressOf(url: string): Address {
  const { socketPath } = upstreamAddress(url);
  if (socketPath !== null) return { kind: 'socket', path: socketPath };
  const { hostname, port, protocol } = new URL(url);
  return {
    kind: 'port',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}

/** `HOST:PORT`, with brackets around IPv6. */
export function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
