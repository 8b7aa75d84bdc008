import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../../domain/errors.ts';
import type { AssertionSettings, Settings } from '../schema/settings.ts';
import { type Checked, checkOps, checkSettings, type SecretOption } from './check.ts';
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
  return load(file, env, []);
}

/** The settings for commands that neither sign nor verify. */
export type SettingsWithoutSecrets = Omit<Settings, 'tokens' | 'assertion'> & {
  readonly tokens: Omit<Settings['tokens'], 'secrets'>;
  readonly assertion: Omit<AssertionSettings, 'keys'> | null;
};

/** As `loadSettings`, but token secrets and keys of assertions need not be set, and are not returned. */
export function loadWithoutSecrets(file: string, env: NodeJS.ProcessEnv): SettingsWithoutSecrets {
  return withoutSecrets(load(file, env, ['tokens.secrets', 'assertion.keys']));
}

export function withoutSecrets({ assertion, ...settings }: Settings): SettingsWithoutSecrets {
  const { secrets: _, ...tokens } = settings.tokens;
  return { ...settings, tokens, assertion: assertion === undefined ? null : withoutKeys(assertion) };
}

function withoutKeys({ keys: _, ...assertion }: AssertionSettings): Omit<AssertionSettings, 'keys'> {
  return assertion;
}

/** The settings for the command that lists the keys of assertions: the token secrets need not be set. */
export function loadForKeys(file: string, env: NodeJS.ProcessEnv): Pick<Settings, 'assertion' | 'database'> {
  return load(file, env, ['tokens.secrets']);
}

/**
 * The section `ops`, for the command that asks a running gateway. The rest of the file may be invalid, and need not be readable
 * in full: that command may run as another user, without the gateway's environment.
 */
export function loadOps(file: string, env: NodeJS.ProcessEnv): Settings['ops'] {
  return settingsIn(file, (text) => checkOps(text, file, env));
}

function load(file: string, env: NodeJS.ProcessEnv, unread: readonly SecretOption[]): Settings {
  return settingsIn(file, (text) => checkSettings(text, file, env, unread));
}

function settingsIn<Part>(file: string, check: (text: string) => Checked<Part>): Part {
  const content = readRegularFile(file, FILE_LIMIT);
  if (content.kind === 'unreadable') {
    const more = existsSync(file) ? '' : ' (`gatehouse init` writes a new one)';
    const message = `cannot read the configuration: ${content.reason}${more}`;
    throw new SettingsError([{ file, line: 1, column: 1, key: '', message }]);
  }
  const checked = check(content.text);
  if (checked.kind === 'invalid') throw new SettingsError(checked.problems);
  return checked.settings;
}

/** The files of a configuration, readable or not: the file itself, and the files in its `${file:…}`. */
export function filesOf(file: string): string[] {
  const content = readRegularFile(file, FILE_LIMIT);
  return [file, ...(content.kind === 'text' ? filesNamedIn(content.text, dirname(file)) : [])];
}
