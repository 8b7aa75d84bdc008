import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { loadSettings, SettingsError } from '../settings/read/load.ts';
import { checkFile } from './check.ts';
import { usualConfig } from './config-option.ts';
import {
  type Answers,
  databaseProblem,
  type ProblemOf,
  redisProblem,
  USUAL_DATABASE,
  USUAL_UPSTREAM,
  upstreamProblem,
} from './init/answers.ts';
import { newConfiguration } from './init/configuration.ts';
import { askForAnswers } from './init/questions.ts';
import { type NewFile, requireNone, writeNew } from './init/write-new.ts';

/** The options that answer a question; each is a URL. */
type Given = Partial<Record<'mysql' | 'postgres' | 'adopt' | 'redis' | 'upstream', string>>;

const PROBLEMS: Readonly<Record<keyof Given, ProblemOf>> = {
  mysql: databaseProblem('mysql'),
  postgres: databaseProblem('postgres'),
  adopt: databaseProblem(null),
  redis: redisProblem,
  upstream: upstreamProblem,
};
const SCHEMA = fileURLToPath(new URL('../../config/gateway.schema.json', import.meta.url));
const CONFIGURATION_MODE = 0o644;
const SECRET_MODE = 0o600;

/**
 * `init`: writes a commented configuration and its secrets, and checks it. Asks on a terminal, unless an option answers a question.
 * Overwrites nothing, and writes nothing if anything fails.
 */
export function initCommand(): Command {
  return new Command('init')
    .description('Write a new configuration and its secrets. Asks for URLs on a terminal, unless one is given.')
    .option('--directory <folder>', 'the folder of the configuration', dirname(usualConfig()))
    .option('--mysql <url>', 'the MySQL or MariaDB database of accounts and tokens; SQLite if none is given')
    .addOption(new Option('--postgres <url>', 'the PostgreSQL database of accounts and tokens').conflicts('mysql'))
    .addOption(
      new Option(
        '--adopt <url>',
        'the database of an application, whose table of users is used as `gatehouse adopt` finds it',
      ).conflicts(['mysql', 'postgres']),
    )
    .option('--redis <url>', 'the Redis that carries revocations between nodes; none if left out')
    .option('--upstream <url>', `the service behind the gateway; ${USUAL_UPSTREAM} if left out`)
    .action(async ({ directory, ...given }: Given & { directory: string }, command: Command) => {
      refuseInvalid(given, command);
      const name = basename(usualConfig());
      requireNone(directory, [name]);
      const isAsking = Object.keys(given).length === 0 && process.stdin.isTTY && process.stderr.isTTY;
      await writeConfiguration(directory, name, isAsking ? await askForAnswers() : answersOf(given));
    });
}

/** commander would repeat the value, which may have a password. */
function refuseInvalid(given: Given, command: Command): void {
  for (const [option, problemOf] of Object.entries(PROBLEMS)) {
    const url = given[option as keyof Given];
    const problem = url === undefined ? null : problemOf(url);
    if (problem !== null) command.error(`error: --${option} ${problem}`, { exitCode: 2 });
  }
}

function answersOf({ mysql, postgres, adopt, redis, upstream }: Given): Answers {
  return {
    database: { url: mysql ?? postgres ?? adopt ?? USUAL_DATABASE, accounts: adopt === undefined ? 'own' : 'adopt' },
    redis: redis ?? null,
    upstream: upstream ?? USUAL_UPSTREAM,
  };
}

async function writeConfiguration(directory: string, name: string, answers: Answers): Promise<void> {
  const { url, accounts } = answers.database;
  const section = accounts === 'own' ? null : await adoptedAccounts(url);
  const { text, secrets } = newConfiguration(answers, section, schemaFor(directory));
  const files: NewFile[] = [
    ...secrets.map(({ file, value }) => ({ name: file, text: `${value}\n`, mode: SECRET_MODE })),
    // Last: where it is, everything is.
    { name, text, mode: CONFIGURATION_MODE },
  ];
  const paths = files.map((file) => file.name);
  requireNone(directory, paths);
  const config = join(directory, name);
  writeNew(directory, files, (temporary) => checkNew(join(temporary, name)));
  for (const path of paths) process.stdout.write(`Wrote ${join(directory, path)}\n`);
  await checkFile(config, false);
  process.stdout.write(nextSteps(config, accounts));
}

/** Imported on demand: it needs the stores. */
async function adoptedAccounts(url: string): Promise<string> {
  const adopted = await import('./init/adopted-accounts.ts');
  return await adopted.adoptedAccounts(url);
}

/** Validates a configuration that has only a temporary name. @throws OperatorError */
function checkNew(file: string): void {
  try {
    loadSettings(file, process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const problems = error.problems.map(({ key, message }) => `\n${key}  ${message}`);
    throw new OperatorError(`The configuration would not be valid, so nothing was written:${problems.join('')}`);
  }
}

/** Where an editor finds the JSON Schema: by a relative path if both are in the working directory. */
function schemaFor(directory: string): string | null {
  if (!existsSync(SCHEMA)) return null;
  const isHere = (path: string) => !relative(process.cwd(), resolve(path)).startsWith('..');
  if (!isHere(directory) || !isHere(SCHEMA)) return SCHEMA;
  const path = relative(directory, SCHEMA);
  return path.startsWith('.') ? path : `./${path}`;
}

function nextSteps(config: string, accounts: Answers['database']['accounts']): string {
  const named = config === usualConfig() ? '' : ` --config ${config}`;
  const command = typedCommand();
  const first =
    accounts === 'adopt'
      ? `${command} check --accounts${named}`
      : `${command} user add you@example.com --confirmed${named}`;
  const owner =
    process.getuid?.() === 0
      ? 'The secrets belong to root: if the gateway runs as another user, give them to it.\n'
      : '';
  return `${owner}Next:\n  ${first}\n  ${command} start${named}\n`;
}

/**
 * In a folder of npm, the shell does not find `gatehouse` by itself. npm sets the variable for what `npx` runs. From the cache of npx
 * (`npx --package FILE gatehouse`), `npx gatehouse` would run another package, of the same name, from the registry.
 */
function typedCommand(): string {
  const isOfFolder = process.env.npm_command === 'exec' && !import.meta.url.includes('/_npx/');
  return isOfFolder ? 'npx gatehouse' : 'gatehouse';
}
