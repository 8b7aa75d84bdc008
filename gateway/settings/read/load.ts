import { dirname } from 'node:path';
import { OperatorError } from '../../domain/errors.ts';
import type { Settings } from '../schema/settings.ts';
import { checkSettings } from './check.ts';
import { readRegularFile } from './files.ts';
import { filesNamedIn } from './interpolate.ts';
import { formatProblem, type Problem } from './problem.ts';

const FILE_LIMIT = 1024 * 1024;

/** All problems of a configuration file; the message has a line for each. */
export class SettingsError extends OperatorError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads and validates a configuration file, synchronously.
 *
 * @param file the path as the operator gave it
 * @param env the values of `${NAME}`
 * @throws SettingsError with every problem of the file
 */
export function loadSettings(file: string, env: NodeJS.ProcessEnv): Settings {
  return load(file, env, 'read');
}

/** The settings for commands that neither sign nor verify tokens. */
export type SettingsWithoutSecrets = Omit<Settings, 'tokens'> & {
  readonly tokens: Omit<Settings['tokens'], 'secrets'>;
};

/** As `loadSettings`, but the token secrets need not be set, and are not returned. */
export function loadWithoutSecrets(file: string, env: NodeJS.ProcessEnv): SettingsWithoutSecrets {
  const settings = load(file, env, 'unread');
  const { secrets: _, ...tokens } = settings.tokens;
  return { ...settings, tokens };
}

function load(file: string, env: NodeJS.ProcessEnv, secrets: 'read' | 'unread'): Settings {
  const content = readRegularFile(file, FILE_LIMIT);
  if (content.kind === 'unreadable') {
    throw new SettingsError([
      { file, line: 1, column: 1, key: '', message: `cannot read the configuration: ${content.reason}` },
    ]);
  }
  const checked = checkSettings(content.text, file, env, secrets);
  if (checked.kind === 'invalid') throw new SettingsError(checked.problems);
  return checked.settings;
}

/** The files of a configuration, readable or not: the file itself, and the files in its `${file:…}`. */
export function filesOf(file: string): string[] {
  const content = readRegularFile(file, FILE_LIMIT);
  return [file, ...(content.kind === 'text' ? filesNamedIn(content.text, dirname(file)) : [])];
}
