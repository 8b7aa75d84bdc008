import { GROUP_NAME } from './addresses.ts';
import type { RouteSettings, Settings, UpstreamSettings } from './settings.ts';
import { upstreamOptions } from './upstream-options.ts';

/** The servers that a route's requests go to, as the configuration describes them. */
export interface GroupSettings extends UpstreamSettings {
  /** As `upstreams` names it; its addresses, where the route names them itself. */
  readonly name: string;
}

/** The group that a route names, or one with the defaults made of the addresses that it has instead. */
export function groupOf(
  { upstream }: Pick<RouteSettings, 'upstream'>,
  upstreams: Settings['upstreams'],
): GroupSettings {
  const [name = ''] = upstream;
  const named = GROUP_NAME.test(name) ? upstreams[name] : undefined;
  if (named !== undefined) return { name, ...named };
  return { name: upstream.join(', '), ...upstreamOptions().parse({ servers: upstream }) };
}
