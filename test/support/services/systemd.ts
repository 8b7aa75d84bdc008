import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/**
 * The path of `systemd-analyze`: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When there is none.
 */
export async function findSystemdAnalyze(): Promise<string> {
  const installed = findExecutable('systemd-analyze');
  if (installed !== null) return installed;
  const failure = await aptInstall('systemd-analyze', 'systemd');
  const found = findExecutable('systemd-analyze');
  if (found !== null) return found;
  throw new OperatorError(
    `The tests need systemd-analyze, and there is none: ${failure ?? 'after apt-get install, it is still not there'}. ` +
      'On Debian: `sudo apt-get install systemd`.',
  );
}
