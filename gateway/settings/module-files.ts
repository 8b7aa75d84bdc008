import { resolve } from 'node:path';
import { readRegularFile } from './files.ts';
import type { Conflict } from './problem.ts';
import type { Readable } from './readable.ts';
import type { Settings } from './schema.ts';

/** Bytes; modules are written by hand. */
const MODULE_LIMIT = 16 * 1024 * 1024;

/**
 * The modules that routes name and that cannot be read.
 *
 * @param folder what their paths start from: the folder of the configuration file
 */
export function unreadableModules({ routes = [] }: Readable, folder: string): Conflict[] {
  return routes.flatMap((route, index) => {
    const path = route?.proxy?.intercept;
    if (path === undefined) return [];
    const name = resolve(folder, path);
    const file = readRegularFile(name, MODULE_LIMIT);
    if (file.kind === 'text') return [];
    return [{ path: ['routes', index, 'proxy', 'intercept'], message: `cannot be read: ${name}: ${file.reason}` }];
  });
}

/** The settings with the full path of each module. */
export function withModulePaths(settings: Settings, folder: string): Settings {
  const routes = settings.routes.map((route) => {
    const { proxy } = route;
    if (proxy?.intercept === undefined) return route;
    return { ...route, proxy: { ...proxy, intercept: resolve(folder, proxy.intercept) } };
  });
  return { ...settings, routes };
}
