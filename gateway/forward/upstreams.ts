import type { Logger } from '../ops/log.ts';
import type { RouteSettings, Settings } from '../settings/schema.ts';
import { groupOf } from '../settings/upstream-group.ts';
import type { MeterGroup } from './group-meter.ts';
import { openGroup, type UpstreamGroup } from './upstream.ts';

/** The groups of one generation of the configuration. */
export interface Upstreams {
  groupFor(route: RouteSettings): UpstreamGroup;
  /** Ends what no other generation uses, once its requests have their answers. */
  close(): Promise<void>;
}

export type OpenUpstreams = (settings: Pick<Settings, 'routes' | 'upstreams' | 'timeouts'>) => Upstreams;

/**
 * Routes that lead to the same servers share a group, and so do generations of the configuration: its connections, and
 * what is known of its servers, outlive a reload that leaves it as it is.
 */
export function sharedUpstreams(log: Logger, meterGroup: MeterGroup): OpenUpstreams {
  const shared = new Map<string, { readonly group: UpstreamGroup; users: number }>();

  return ({ routes, upstreams, timeouts }) => {
    const used = new Map<string, UpstreamGroup>();
    const groups = new Map<RouteSettings, UpstreamGroup>();
    const open = (route: RouteSettings) => {
      const settings = groupOf(route, upstreams);
      const key = JSON.stringify([settings, timeouts.connect]);
      let group = used.get(key);
      if (group === undefined) {
        const entry = shared.get(key) ?? { group: openGroup(settings, timeouts.connect, log, meterGroup), users: 0 };
        entry.users += 1;
        shared.set(key, entry);
        group = entry.group;
        used.set(key, group);
      }
      groups.set(route, group);
    };
    const close = async () => {
      const closing: Promise<void>[] = [];
      for (const [key, group] of used) {
        const entry = shared.get(key);
        if (entry === undefined || --entry.users > 0) continue;
        shared.delete(key);
        closing.push(group.close());
      }
      await Promise.all(closing);
    };
    try {
      for (const route of routes) open(route);
    } catch (error) {
      close().catch((failure: unknown) => log.error({ err: failure }, 'upstreams not closed'));
      throw error;
    }

    return {
      groupFor(route) {
        const group = groups.get(route);
        if (group === undefined) throw new TypeError(`route ${route.name} has no upstream`);
        return group;
      },
      close,
    };
  };
}
