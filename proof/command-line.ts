import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { openScope } from '../test/lab/open-scope.ts';
import type { Scope } from '../test/lab/scope.ts';

/** A wrong use of a command, in one line that says what would be right. */
export class WrongUse extends Error {}

const MOST_SEED = 2 ** 31 - 1;

/** Its reason is a signal. */
const interruption = new AbortController();

/** Prints a line, unless the command is being interrupted: what happens then says nothing. */
export function print(line: string): void {
  if (!interruption.signal.aborted) process.stdout.write(`${line}\n`);
}

/**
 * Runs a command, and sets the exit code. Ctrl-C, SIGTERM and the end of what reads the output, such as head(1), end it with the
 * exit code of shells; a wrong use with one line and 2.
 *
 * @param work gets a scope that is closed at its end, and a signal that is aborted when it need not go on. @returns the exit code
 */
export async function runCommand(work: (scope: Scope, signal: AbortSignal) => Promise<number>): Promise<void> {
  const scope = openScope();
  const { signal } = interruption;
  const interrupted = once(signal, 'abort');
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interruption.abort(name));
  process.stdout.on('error', () => interruption.abort('SIGPIPE'));
  try {
    const ended = await Promise.race([work(scope, signal), interrupted]);
    await scope.close();
    if (typeof ended !== 'number') process.exit(128 + constants.signals[signal.reason as NodeJS.Signals]);
    process.exitCode = ended;
  } catch (error) {
    await scope.close();
    if (!(error instanceof WrongUse)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/**
 * Reads the arguments of a command.
 *
 * @throws WrongUse for an option that there is not, and for one without its value
 */
export function readArguments<T extends ParseArgsConfig>(args: readonly string[], config: T) {
  try {
    return parseArgs({ ...config, args: withNegativeNumbers(args) });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s/);
    throw new WrongUse(`${sentence}; --help lists the options`);
  }
}

/** A negative number is a value: no option begins with a digit. */
function withNegativeNumbers(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1) ?? '';
    if (/^-\d/.test(arg) && /^--[^=]+$/.test(before)) joined.splice(-1, 1, `${before}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

/**
 * @param given the value of the option; undefined: it was not given, and is `usual`
 * @throws WrongUse when it is not a whole number from `least` to `most`
 */
export function wholeNumber(
  option: string,
  given: string | undefined,
  { usual, least, most }: { usual: number; least: number; most: number },
): number {
  if (given === undefined) return usual;
  const number = Number(given);
  if (/^-?\d{1,15}$/.test(given) && number >= least && number <= most) return number;
  throw new WrongUse(`--${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(given)}`);
}

/** The seed of a run. @param now milliseconds since 1970, for one that was not given. @throws WrongUse */
export function seedFrom(given: string | undefined, now: number): number {
  return wholeNumber('seed', given, { usual: now % 1_000_000_000, least: 0, most: MOST_SEED });
}

/** @throws WrongUse when it is none of the choices */
export function oneOf<T extends string>(option: string, given: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === given);
  if (chosen !== undefined) return chosen;
  throw new WrongUse(`--${option} takes one of ${choices.join(', ')}, not ${JSON.stringify(given)}`);
}

/** @param others those given beside the option. @throws WrongUse when there are any */
export function standsAlone(option: string, others: object): void {
  const [other] = Object.keys(others);
  if (other !== undefined) throw new WrongUse(`--${option} takes no other option, such as --${other}`);
}

/** Makes what `--out` names. @throws WrongUse when that is not possible */
export function prepareOutput(kind: 'file' | 'folder', path: string): void {
  try {
    if (kind === 'file') writeFileSync(path, '');
    else mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new WrongUse(`--out takes a ${kind} that can be written: ${(error as Error).message}`);
  }
}
