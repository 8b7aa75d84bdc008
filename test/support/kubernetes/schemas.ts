import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { KubernetesObject } from './overlays.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** The packages with the schemas of API groups that are not of Kubernetes itself. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['gateway.networking.k8s.io', '@kubernetes-models/gateway-api'],
  ['traefik.io', '@kubernetes-models/traefik'],
  ['cert-manager.io', '@kubernetes-models/cert-manager'],
]);

function moduleOf(apiVersion: string): string {
  return `${PACKAGES.get(apiVersion.split('/')[0] ?? '') ?? 'kubernetes-models'}/${apiVersion}`;
}

/**
 * Which values of the object are wrong for its schema: their type, format, pattern or range, and which are missing.
 *
 * @returns null: none
 */
export async function wrongValues({ apiVersion, kind, ...rest }: KubernetesObject): Promise<string | null> {
  const models = (await import(moduleOf(apiVersion))) as Record<string, new (data: object) => { validate(): void }>;
  const Model = models[kind];
  if (Model === undefined) throw new Error(`${apiVersion} has no ${kind}`);
  try {
    new Model(rest).validate();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * What TypeScript says of the objects as literals of the types that belong to their schemas. The schemas themselves allow unknown
 * keys, so that a misspelt one would pass.
 *
 * @returns one line for each problem
 */
export async function unknownKeys(objects: readonly KubernetesObject[]): Promise<string[]> {
  const folder = await mkdtemp(join(ROOT, 'node_modules/.gatehouse-objects-'));
  try {
    const lines = objects.map(
      (object) =>
        `export const _: import('${moduleOf(object.apiVersion)}').I${object.kind} = ${JSON.stringify(object, null, 1)};`,
    );
    const files = lines.map((_, index) => join(folder, `${index}.ts`));
    await Promise.all(files.map((file, index) => writeFile(file, lines[index] ?? '')));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext'];
    await run(process.execPath, [TSC, '--ignoreConfig', ...options, '--types', '', ...files]);
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (stdout === undefined) throw error;
    return stdout.split('\n').filter((line) => line !== '');
  } finally {
    await rm(folder, { recursive: true });
  }
}
