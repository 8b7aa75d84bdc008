import { resolve } from 'node:path';
import type { Conflict, Readable } from '../rules/readable.ts';
import type { Settings } from '../schema/settings.ts';
import { unreadableReason } from './files.ts';

/** Bytes; far above a hand-written module. */
const MODULE_LIMIT = 16 * 1024 * 1024;
/** Bytes; the logo is kept in memory, and every browser loads it once. */
const LOGO_LIMIT = 1024 * 1024;

/**
 * The files that options name and that cannot be read: intercept modules, and the logo of the pages.
 *
 * @param folder the base of relative paths: the folder of the configuration file
 */
export function unreadableFiles({ routes = [], pages }: Readable, folder: string): Conflict[] {
  const modules = routes.flatMap((route, index) =>
    unreadable(['routes', index, 'proxy', 'intercept'], route?.proxy?.intercept, folder, MODULE_LIMIT),
  );
  return [...modules, ...unreadable(['pages', 'logo'], pages?.logo, folder, LOGO_LIMIT)];
}

function unreadable(path: Conflict['path'], file: string | undefined, folder: string, limit: number): Conflict[] {
  if (file === undefined) return [];
  const name = resolve(folder, file);
  const reason = unreadableReason(name, limit);
  return reason === null ? [] : [{ path, message: `cannot be read: ${name}: ${reason}` }];
}

/** The settings with the full path of each of these files. */
export function withFullPaths(settings: Settings, folder: string): Settings {
  const routes = settings.routes.map((route) => {
    const { proxy } = route;
    if (proxy?.intercept === undefined) return route;
    return { ...route, proxy: { ...proxy, intercept: resolve(folder, proxy.intercept) } };
  });
  const { logo, ...pages } = settings.pages;
  return { ...settings, routes, pages: logo === undefined ? pages : { ...pages, logo: resolve(folder, logo) } };
}
