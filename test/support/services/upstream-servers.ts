import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/** Upstream servers for the tests, with their Debian packages. */
const SERVERS = {
  uWSGI: { program: 'uwsgi', debianPackage: 'uwsgi-plugin-python3' },
  gunicorn: { program: 'gunicorn', debianPackage: 'gunicorn' },
  PHP: { program: 'php', debianPackage: 'php-cli' },
} as const;

export type UpstreamServer = keyof typeof SERVERS;

/**
 * The path of a server's program: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When it is not there and cannot be installed.
 */
export async function findUpstreamServer(name: UpstreamServer): Promise<string> {
  const { program, debianPackage } = SERVERS[name];
  const installed = findExecutable(program);
  if (installed !== null) return installed;
  const failure = await aptInstall(name, debianPackage);
  const found = failure === null ? findExecutable(program) : null;
  if (found !== null) return found;
  const reason = failure ?? 'after apt-get install, it is still not there';
  throw new OperatorError(
    `The tests need ${name}, and there is none: ${reason}. On Debian: sudo apt-get install ${debianPackage}.`,
  );
}
