import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/** Proxies for the tests; each has the name of its Debian package. */
export type ProxyName = 'nginx' | 'caddy' | 'haproxy';

/** A proxy of PostgreSQL, found in the same way. */
export type PoolerName = 'pgbouncer';

/**
 * The path of a proxy's program: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When it is not there and cannot be installed.
 */
export async function findProxy(proxy: ProxyName | PoolerName): Promise<string> {
  const installed = findExecutable(proxy);
  if (installed !== null) return installed;
  const failure = await aptInstall(proxy, proxy);
  const found = findExecutable(proxy);
  if (found !== null) return found;
  throw new OperatorError(
    `The tests need ${proxy}, and there is none: ${failure ?? 'after apt-get install, it is still not there'}. ` +
      `On Debian: sudo apt-get install ${proxy}.`,
  );
}
