import type { RouteSettings, Settings } from '../schema/settings.ts';

/** An option that contradicts another one. */
export interface Conflict {
  readonly path: Path;
  readonly message: string;
}

/** Keys and list positions from the root of the settings to an option. */
export type Path = readonly (string | number)[];

/** One of them. The path as the file has it is there where it is no path. */
export type ReadableRoute = Partial<RouteSettings> & { readonly refusedPath?: string };

/**
 * The settings that could be read: an option with a problem of its own is absent, so that no rule speaks of it again.
 * `methods` is then an empty list, as absent methods are all methods.
 */
export type Readable = { readonly [Section in Exclude<keyof Settings, 'routes'>]?: Partial<Settings[Section]> } & {
  readonly routes?: readonly (ReadableRoute | undefined)[];
};

/**
 * @param value what the schema has made of a file
 * @param refused the paths of what it refused
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
    holder[name] = name === 'methods' ? [] : undefined;
  }
  return settings as Readable;
}

function isHolder(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}
