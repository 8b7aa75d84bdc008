import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/** Proxies for the tests; each has the name of its Debian package. */
export type ProxyName = 'nginx' | 'caddy' | 'haproxy';

/** Programs whose Debian package has another name. */
const PACKAGES = new Map<string, string>([
  ['fail2ban-regex', 'fail2ban'],
  ['systemd-analyze', 'systemd'],
]);

/** Programs that tests use besides the services. */
export type ProgramName =
  | ProxyName
  | 'fail2ban-regex'
  | 'systemd-analyze'
  | 'pgbouncer'
  | 'prometheus'
  | 'bash'
  | 'zsh'
  | 'fish'
  | 'mandoc';

/**
 * The path of a program: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When it is not there and cannot be installed.
 */
export async function findPackaged(program: ProgramName): Promise<string> {
  const installed = findExecutable(program);
  if (installed !== null) return installed;
  const debianPackage = PACKAGES.get(program) ?? program;
  const failure = await aptInstall(program, debianPackage);
  const found = findExecutable(program);
  if (found !== null) return found;
  throw new OperatorError(
    `The tests need ${program}, and there is none: ${failure ?? 'after apt-get install, it is still not there'}. ` +
      `On Debian: sudo apt-get install ${debianPackage}.`,
  );
}
