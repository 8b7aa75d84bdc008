/** A wrong use of a command, in one line that says what would be right. */
export class WrongUse extends Error {}

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
  if (/^\d{1,15}$/.test(given) && number >= least && number <= most) return number;
  throw new WrongUse(`--${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(given)}`);
}
