import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';

const run = promisify(execFile);

/** Debian's own Python: another installation would not find the modules of apt-get. */
const PYTHON = '/usr/bin/python3';
const MODULES = { Django: 'django', Flask: 'flask' } as const;

/**
 * The path of a Python with a framework: installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When it is not there and cannot be installed.
 */
export async function findPythonWith(name: keyof typeof MODULES): Promise<string> {
  const module = MODULES[name];
  if (await imports(module)) return PYTHON;
  const failure = await aptInstall(name, `python3-${module}`);
  if (failure === null && (await imports(module))) return PYTHON;
  const reason = failure ?? 'after apt-get install, it is still not there';
  throw new OperatorError(
    `The tests need ${name}, and there is none: ${reason}. On Debian: sudo apt-get install python3-${module}.`,
  );
}

async function imports(module: string): Promise<boolean> {
  return await run(PYTHON, ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  );
}
