import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../../domain/errors.ts';
import type { RouteSettings } from '../../settings/schema/settings.ts';
import type { Intercept } from './intercept.ts';

/** A loaded module of a route. */
export interface LoadedModule {
  readonly file: string;
  readonly intercept: Intercept;
}

/** Loaded modules by file. */
export type LoadedModules = ReadonlyMap<string, LoadedModule>;

/**
 * Loads the modules of routes. A file that has changed is loaded again, but not the files that it imports.
 *
 * @throws OperatorError that names the file and the fault
 */
export async function loadModules(routes: readonly RouteSettings[]): Promise<LoadedModules> {
  const files = new Set(routes.flatMap(({ proxy }) => proxy?.intercept ?? []));
  const modules = await Promise.all([...files].map(async (file) => [file, await load(file)] as const));
  return new Map(modules);
}

async function load(file: string): Promise<LoadedModule> {
  const loaded = await imported(file).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new OperatorError(`${file} cannot be loaded: ${reason}`);
  });
  const { default: intercept } = loaded;
  if (typeof intercept !== 'function') {
    throw new OperatorError(
      `${file} has no function as its default export. Write: export default function (body) { … }`,
    );
  }
  return { file, intercept: intercept as Intercept };
}

/** Node caches modules by URL: each version of the file gets its own URL. */
async function imported(file: string): Promise<{ readonly default?: unknown }> {
  const url = pathToFileURL(file);
  url.searchParams.set('changed', String(statSync(file).mtimeMs));
  return await import(url.href);
}
