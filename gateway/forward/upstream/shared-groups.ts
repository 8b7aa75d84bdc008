import type { Logger } from '../../ops/log.ts';
import type { RouteSettings, Settings } from '../../settings/schema/settings.ts';
import { groupOf } from '../../settings/schema/upstream-group.ts';
import type { MeterGroup } from './attempt-account.ts';
import { openGroup, type UpstreamGroup } from './group.ts';

/** The groups of one generation of the configuration. */
export interface Upstreams {
  /**
   * Opens the group of a route unless another route or generation has done so.
   *
   * @returns null for a route without `upstream`
   */
  open(route: Pick<RouteSettings, 'upstream'>): UpstreamGroup | null;
  /** Closes the groups that no other generation uses. Must be called when their requests are answered. */
  close(): Promise<void>;
}

export type OpenUpstreams = (settings: Pick<Settings, 'upstreams' | 'timeouts'>) => Upstreams;

/**
 * Routes to the same servers share a group, and so do generations of the configuration: connections, and the state of
 * servers, survive a reload that does not change the group.
 */
export function sharedUpstreams(log: Logger, meterGroup: MeterGroup): OpenUpstreams {
  const shared = new Map<string, { readonly group: UpstreamGroup; users: number }>();

  return ({ upstreams, timeouts }) => {
    const used = new Map<string, UpstreamGroup>();
    return {
      open({ upstream }) {
        if (upstream === undefined) return null;
        const settings = groupOf(upstream, upstreams);
        const key = JSON.stringify([settings, timeouts.connect]);
        const before = used.get(key);
        if (before !== undefined) return before;
        const entry = shared.get(key) ?? { group: openGroup(settings, timeouts.connect, log, meterGroup), users: 0 };
        entry.users += 1;
        shared.set(key, entry);
        used.set(key, entry.group);
        return entry.group;
      },
      async close() {
        const closing: Promise<void>[] = [];
        for (const [key, group] of used) {
          const entry = shared.get(key);
          if (entry === undefined || --entry.users > 0) continue;
          shared.delete(key);
          closing.push(group.close());
        }
        await Promise.all(closing);
      },
    };
  };
}
