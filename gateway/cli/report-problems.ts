import { SettingsError } from '../settings/read/load.ts';

/**
 * Does the work of a command that takes `--json`. With it, the problems of the configuration go to standard output as JSON, and the
 * exit code is 1; without it, they are thrown as every other error.
 *
 * @param file the path of the configuration as the operator gave it
 */
export async function reportProblems(file: string, json: boolean, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!json || !(error instanceof SettingsError)) throw error;
    process.exitCode = 1;
    process.stdout.write(`${JSON.stringify({ valid: false, file, problems: error.problems })}\n`);
  }
}
