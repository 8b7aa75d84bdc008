import { comparableHost } from '../../fields/host.ts';
import { hostLookup } from '../../routing/hosts.ts';
import type { Settings } from '../../settings/schema/settings.ts';

/** Whether the gateway answers for a host. */
export type KnowsHost = (host: string) => boolean;

/** With a route for every host, all hosts; otherwise those of the routes and of the account pages. */
export function compileKnownHosts({ routes, pages }: Pick<Settings, 'routes' | 'pages'>): KnowsHost {
  if (routes.some(({ host }) => host === undefined)) return () => true;
  const patterns = routes.flatMap(({ host = [] }) => host);
  const ofPages = pages.enabled && pages.url !== undefined ? [comparableHost(new URL(pages.url).host)] : [];
  return hostLookup(new Map([...patterns, ...ofPages].map((host) => [host, true])), false);
}
