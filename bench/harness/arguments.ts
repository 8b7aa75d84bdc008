/**
 * The arguments of this program. Where they are too few or too many, or `--help` is one of them, it prints the usage and ends.
 *
 * @param usage the call: required arguments in capitals, then optional ones as `[NAME]`
 */
export function programArguments(usage: string): readonly string[] {
  const given = process.argv.slice(2);
  const [all, required] = [/ \[?[A-Z]+\b/g, / [A-Z]+\b/g].map((form) => usage.match(form)?.length ?? 0);
  if (given.includes('--help')) endWith(usage, 0);
  const option = given.find((argument) => argument.startsWith('-'));
  if (option !== undefined) endWith(`there is no ${option}; usage: ${usage}`, 2);
  if (given.length > (all ?? 0)) endWith(`too many arguments; usage: ${usage}`, 2);
  if (given.length < (required ?? 0)) endWith(`too few arguments; usage: ${usage}`, 2);
  return given;
}

/** What an argument may be. */
export interface NumberArgument {
  readonly name: string;
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}

/** The only argument of this program, a whole number that may be left out. Otherwise as `programArguments`. */
export function numberArgument(program: string, { name, usual, least, most }: NumberArgument): number {
  const usage = `${program} [${name}]`;
  const [given] = programArguments(usage);
  if (given === undefined) return usual;
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  endWith(`${name} is a whole number from ${least} to ${most}, not ${given}; usage: ${usage}`, 2);
}

function endWith(line: string, code: number): never {
  (code === 0 ? process.stdout : process.stderr).write(`${line}\n`);
  process.exit(code);
}
