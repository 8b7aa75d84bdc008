import { accessSync, constants } from 'node:fs';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

/** The environment variable that names the browser to use. */
export const CHROME_PATH = 'CHROME_PATH';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const MACOS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

const REMEDY =
  'On Debian: `sudo apt-get install chromium`; on macOS: `brew install --cask google-chrome`; ' +
  'or set CHROME_PATH to the program of a Chromium or Chrome.';

/**
 * The path of a browser for the tests: from the environment, installed, or else installed by apt-get.
 *
 * @throws {OperatorError} When the named one cannot be run (no other is tried then), or there is none.
 */
export async function findChromium(): Promise<string> {
  const named = process.env[CHROME_PATH] ?? '';
  if (named !== '') {
    if (isExecutable(named)) return named;
    throw new OperatorError(`CHROME_PATH is set to ${named}, which is no program. Correct the variable, or unset it.`);
  }
  const installed = installedChromium();
  if (installed !== null) return installed;
  const failure = await aptInstall('Chromium', 'chromium');
  const found = failure === null ? installedChromium() : null;
  if (found !== null) return found;
  const reason = failure ?? 'after apt-get install, it is still not there';
  throw new OperatorError(`The tests need Chromium, and there is none: ${reason}. ${REMEDY}`);
}

function installedChromium(): string | null {
  return findExecutable(...NAMES) ?? (isExecutable(MACOS) ? MACOS : null);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
