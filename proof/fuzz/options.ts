import { parseArgs } from 'node:util';

export interface Options {
  readonly only: string | undefined;
  readonly count: number;
  readonly seconds: number;
  readonly seed: number;
  readonly message: number | null;
  readonly grows: boolean;
  readonly hasWitnesses: boolean;
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;

/** Reads the command line. @param names of the campaigns */
export function parseOptions(args: readonly string[], names: readonly string[]): Parsed {
  const wrong = (message: string): Parsed => ({ kind: 'wrong', message });
  let values: ReturnType<typeof parse>['values'];
  try {
    values = parse(args).values;
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    return wrong(`${message}; --help lists the options`);
  }
  if (values.help === true) return { kind: 'help' };
  for (const name of ['count', 'seconds', 'seed'] as const) {
    if (!/^\d{1,10}$/.test(values[name] ?? '0')) return wrong(`--${name} takes a whole number, not ${values[name]}`);
  }
  if (!/^-?\d{1,10}$/.test(values.message ?? '0')) return wrong(`--message takes a seed, not ${values.message}`);
  if (values.only !== undefined && !names.includes(values.only)) {
    return wrong(`there is no campaign ${values.only}; --only takes one of ${names.join(', ')}`);
  }
  if (values.message !== undefined && values.only === undefined) return wrong('--message needs --only NAME');
  const number = (given: string | undefined, usual: number) => (given === undefined ? usual : Number(given));
  return {
    kind: 'run',
    options: {
      only: values.only,
      count: number(values.count, values.seconds === undefined ? 100_000 : Number.POSITIVE_INFINITY),
      seconds: number(values.seconds, Number.POSITIVE_INFINITY),
      seed: number(values.seed, Date.now() % 1_000_000_000),
      message: values.message === undefined ? null : Number(values.message),
      grows: values.grow === true,
      hasWitnesses: values.witness === true,
    },
  };
}

function parse(args: readonly string[]) {
  const options = {
    ...{ only: TEXT, count: TEXT, seconds: TEXT, seed: TEXT, message: TEXT },
    ...{ grow: FLAG, witness: FLAG, help: FLAG },
  };
  return parseArgs({ args: [...args], options });
}
