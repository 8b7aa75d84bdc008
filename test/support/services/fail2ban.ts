import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/**
 * The path of `fail2ban-regex`: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When there is none.
 */
export async function findFail2banRegex(): Promise<string> {
  const installed = findExecutable('fail2ban-regex');
  if (installed !== null) return installed;
  const failure = await aptInstall('fail2ban', 'fail2ban');
  const found = findExecutable('fail2ban-regex');
  if (found !== null) return found;
  throw new OperatorError(
    `The tests need fail2ban-regex, and there is none: ${failure ?? 'after apt-get install, it is still not there'}. ` +
      'On Debian: `sudo apt-get install fail2ban`.',
  );
}
