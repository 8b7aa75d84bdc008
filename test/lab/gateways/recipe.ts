import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from '../scope.ts';

const MAIN = resolve(import.meta.dirname, '../../../gateway/main.ts');

/** What `gatehouse recipe` is to write. */
export interface RecipeOrder {
  /** As the command calls it. */
  readonly proxy: string;
  /** The path of the gateway's configuration. */
  readonly configuration: string;
  /** `HOST:PORT` where the proxy listens. */
  readonly listen: string;
}

/** Writes the recipe of a proxy into a folder. What nginx caches by it, outside of the folder, is removed with the scope. */
export async function writeRecipe(
  t: Scope,
  { proxy, configuration, listen }: RecipeOrder,
  folder: string,
): Promise<void> {
  const args = ['recipe', proxy, '--config', configuration, '--listen', listen, '--out', folder];
  await promisify(execFile)(process.execPath, [MAIN, ...args]);
  if (proxy !== 'nginx') return;
  const text = readFileSync(join(folder, 'gatehouse.conf'), 'utf8');
  const [, cache] = /^proxy_cache_path (\/dev\/shm\/gatehouse-\S+) /m.exec(text) ?? [];
  if (cache !== undefined) t.teardown(() => rmSync(cache, { recursive: true, force: true }));
}
