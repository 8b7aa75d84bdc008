import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/** Programs of operators, each in a Debian package of its own name. */
export type OperatorsProgram = 'bash' | 'zsh' | 'fish' | 'mandoc';

/**
 * The path of a program: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When there is none.
 */
export async function findProgram(name: OperatorsProgram): Promise<string> {
  const installed = findExecutable(name);
  if (installed !== null) return installed;
  const failure = await aptInstall(name, name);
  const found = findExecutable(name);
  if (found !== null) return found;
  throw new OperatorError(
    `The tests need ${name}, and there is none: ${failure ?? 'after apt-get install, it is still not there'}. ` +
      `On Debian: \`sudo apt-get install ${name}\`.`,
  );
}
