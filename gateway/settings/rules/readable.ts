import type { RouteSettings, Settings } from '../schema/settings.ts';

/** An option that contradicts another one. */
export interface Conflict {
  readonly path: Path;
  readonly message: string;
}

/** Keys and list positions from the root of the settings to an option. */
export type Path = readonly (string | number)[];

/** The valid options of a route. `refusedPath` is the path as written, if it is invalid. */
export type ReadableRoute = Partial<RouteSettings> & { readonly refusedPath?: string };

/**
 * The valid part of the settings. An invalid option is absent, so that no rule reports it again; an invalid `methods` or
 * `host` is an empty list instead, since an absent one means all.
 */
export type Readable = { readonly [Section in Exclude<keyof Settings, 'routes'>]?: Partial<Settings[Section]> } & {
  readonly routes?: readonly (ReadableRoute | undefined)[];
};

const ALL_WHEN_ABSENT: ReadonlySet<string | number> = new Set(['methods', 'host']);

/**
 * @param value the output of the schema
 * @param refused the paths of the options that the schema refused
 */
export function readable(value: unknown, refused: readonly Path[]): Readable {
  const settings: unknown = structuredClone(value);
  for (const path of refused) {
    const option = path.slice(0, path[0] !== 'routes' ? 2 : path[2] === 'proxy' ? 4 : 3);
    const name = option.pop();
    const holder = option.reduce<unknown>((inside, step) => (isHolder(inside) ? inside[step] : undefined), settings);
    if (name === undefined || !isHolder(holder)) continue;
    const isPath = option[0] === 'routes' && name === 'path' && typeof holder.path === 'string';
    if (isPath) holder.refusedPath = holder.path;
    holder[name] = option[0] === 'routes' && ALL_WHEN_ABSENT.has(name) ? [] : undefined;
  }
  return settings as Readable;
}

function isHolder(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}
