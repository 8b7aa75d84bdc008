import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../../domain/errors.ts';
import type { RouteSettings } from '../../settings/schema/settings.ts';
import type { Intercept } from './interception.ts';

/** A module that a route names, loaded. */
export interface LoadedModule {
  readonly file: string;
  readonly intercept: Intercept;
}

/** By their files. */
export type LoadedModules = ReadonlyMap<string, LoadedModule>;

/**
 * Loads the modules that routes name. A file that has changed since is loaded again, but not what it imports in turn.
 *
 * @throws OperatorError that names the file and what is wrong with it
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

/** Node keeps what it has loaded under its URL, so each state of the file gets one of its own. */
async function imported(file: string): Promise<{ readonly default?: unknown }> {
  const url = pathToFileURL(file);
  url.searchParams.set('changed', String(statSync(file).mtimeMs));
  return await import(url.href);
}
