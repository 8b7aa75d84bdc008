import { upstreamAddress, upstreamTarget } from '../forward/path.ts';
import type { SettingsWithoutSecrets } from '../settings/read/load.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';
import { groupOf } from '../settings/schema/upstream-group.ts';

export const CONFIRMED = 'confirmed accounts';
export const OWNERS = 'account owners';
export const ANYBODY = 'anybody';

export function whoPasses({ auth, allowFrom }: RouteSettings): string {
  const who = auth === 'none' ? ANYBODY : CONFIRMED;
  return allowFrom === undefined ? who : `${who} from ${allowFrom.join(', ')}`;
}

/** @returns what stands for them if there are none: the route is for decisions alone */
export function upstreamUrls(
  { upstreams }: Pick<SettingsWithoutSecrets, 'upstreams'>,
  route: RouteSettings,
  target: { readonly path: string; readonly query: string },
): string[] {
  if (route.upstream === undefined) return [DECISIONS_ONLY];
  return groupOf(route.upstream, upstreams).servers.map(({ url }) => {
    const { origin, basePath, socketPath } = upstreamAddress(url);
    return origin + (socketPath === null ? '' : ':') + basePath + upstreamTarget(target, route);
  });
}

const DECISIONS_ONLY = '(decisions only)';
