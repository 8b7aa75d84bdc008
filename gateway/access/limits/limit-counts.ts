import { LRUCache } from 'lru-cache';
import type { LimitSettings } from '../../settings/schema/settings.ts';
import { atMost } from '../../workarounds/lru-cache-capacity.ts';
import { Part } from './part.ts';
import type { Reporting } from './reporting.ts';

/** A limit, with what this process knows of each of its keys. All routes that name it share it. */
export interface SharedLimit {
  readonly name: string;
  readonly settings: LimitSettings;
  /** @param key whose requests are counted */
  partOf(key: string): Part;
}

/** The limits of a process. They survive a reload of the configuration. */
export interface LimitCounts {
  readonly reporting: Reporting;
  /** The limit of this name and these settings: the same one as long as the settings stay the same. */
  open(name: string, settings: LimitSettings): SharedLimit;
  /** Forgets the limits that are not configured any more, and gives back what is held of them. */
  keepOnly(limits: Readonly<Record<string, LimitSettings>>): void;
}

/** Keys of a limit that are known at a time. Of more, the one that was not used for longest is forgotten. */
const CAPACITY = 131_072;

export function createLimitCounts(reporting: Reporting): LimitCounts {
  const limits = new Map<string, SharedLimit & { readonly parts: LRUCache<string, Part> }>();
  return {
    reporting,
    open(name, settings) {
      const id = idOf(name, settings);
      let limit = limits.get(id);
      if (limit === undefined) {
        const parts = new LRUCache<string, Part>({ ...atMost(CAPACITY), dispose: reporting.giveBack });
        const partOf = (key: string): Part => {
          let part = parts.get(key);
          if (part === undefined) {
            part = new Part(`${id}:${key}`, settings);
            parts.set(key, part);
          }
          return part;
        };
        limit = { name, settings, parts, partOf };
        limits.set(id, limit);
      }
      return limit;
    },
    keepOnly(configured) {
      const kept = new Set(Object.entries(configured).map(([name, settings]) => idOf(name, settings)));
      for (const [id, { parts }] of limits) {
        if (kept.has(id)) continue;
        limits.delete(id);
        parts.clear();
      }
    },
  };
}

/** A limit with another size is another limit, also to the other processes: each may reload at another moment. */
function idOf(name: string, { requests, per, by }: LimitSettings): string {
  return `${name}:${requests}:${per}:${by}`;
}
