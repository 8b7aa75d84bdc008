import { oneOf, readArguments, seedFrom, WrongUse, wholeNumber } from '../command-line.ts';

export interface Options {
  /** The name of a campaign; undefined: all. */
  readonly only: string | undefined;
  /** Inputs of each campaign. */
  readonly count: number;
  readonly seconds: number;
  readonly seed: number;
  /** The seed of the one input that is tried. */
  readonly message: number | null;
  readonly grows: boolean;
  readonly hasWitnesses: boolean;
}

const MOST = 1e10;

/**
 * Reads the command line.
 *
 * @param names of the campaigns, without and with `--witness` @param now milliseconds since 1970, for a seed
 * @throws WrongUse
 */
export function parseOptions(
  args: readonly string[],
  names: { readonly own: readonly string[]; readonly witnesses: readonly string[] },
  now: number,
): Options | 'help' {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  const { values } = readArguments(args, {
    options: {
      ...{ only: text, count: text, seconds: text, seed: text, message: text },
      ...{ grow: flag, witness: flag, help: flag },
    },
  });
  if (values.help === true) return 'help';
  const hasWitnesses = values.witness === true;
  const usual = values.seconds === undefined ? 100_000 : Number.POSITIVE_INFINITY;
  if (values.message !== undefined && values.only === undefined) throw new WrongUse('--message needs --only NAME');
  return {
    only:
      values.only === undefined ? undefined : oneOf('only', values.only, hasWitnesses ? names.witnesses : names.own),
    count: wholeNumber('count', values.count, { usual, least: 1, most: MOST }),
    seconds: wholeNumber('seconds', values.seconds, { usual: Number.POSITIVE_INFINITY, least: 1, most: MOST }),
    seed: seedFrom(values.seed, now),
    message:
      values.message === undefined
        ? null
        : wholeNumber('message', values.message, { usual: 0, least: -(2 ** 31), most: 2 ** 31 - 1 }),
    grows: values.grow === true,
    hasWitnesses,
  };
}
