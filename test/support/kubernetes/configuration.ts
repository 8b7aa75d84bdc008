import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../lab/scope.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';
import { type KubernetesObject, objectOf } from './overlays.ts';

/** Below it, each Secret is a folder with a file for each key. */
const MOUNTED = '/run/secrets/';

/**
 * Writes the configuration of an overlay into a temporary folder, with secrets beside it.
 *
 * @returns the path of the file
 */
export async function configurationOf(
  t: Scope,
  overlay: string,
  objects: readonly KubernetesObject[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-overlay-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const scheme = overlay === 'mysql-redis' ? 'mysql' : 'postgres';
  const text = objectOf(objects, 'ConfigMap', 'gatehouse').data?.['gateway.yaml'] ?? '';
  await Promise.all(['gatehouse', 'gatehouse-tls'].map((secret) => mkdir(join(folder, secret))));
  await Promise.all([
    writeFile(join(folder, 'gateway.yaml'), text.replaceAll(MOUNTED, `${folder}/`)),
    writeFile(join(folder, 'gatehouse/database-url'), `${scheme}://gatehouse:secret@database:3306/gatehouse`),
    writeFile(join(folder, 'gatehouse/redis-url'), 'redis://:secret@redis:6379'),
    writeFile(join(folder, 'gatehouse/token-secret'), 'a'.repeat(64)),
    writeFile(join(folder, 'gatehouse-tls/tls.crt'), SELF_SIGNED.cert),
    writeFile(join(folder, 'gatehouse-tls/tls.key'), SELF_SIGNED.key),
  ]);
  return join(folder, 'gateway.yaml');
}
