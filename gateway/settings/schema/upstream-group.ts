import { GROUP_NAME } from './addresses.ts';
import type { Settings, UpstreamSettings } from './settings.ts';
import { upstreamOptions } from './upstream-options.ts';

/** The configured servers of a route. */
export interface GroupSettings extends UpstreamSettings {
  /** The name in `upstreams`; the joined addresses if the route lists them itself. */
  readonly name: string;
}

/**
 * The group that a route names, or a group with the default options of the addresses that it lists.
 *
 * @param upstream of the route
 */
export function groupOf(upstream: readonly string[], upstreams: Settings['upstreams']): GroupSettings {
  const [name = ''] = upstream;
  const named = GROUP_NAME.test(name) ? upstreams[name] : undefined;
  if (named !== undefined) return { name, ...named };
  return { name: upstream.join(', '), ...upstreamOptions().parse({ servers: upstream }) };
}
