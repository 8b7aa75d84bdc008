import { parseArgs } from 'node:util';
import type { Plan } from './harness/figure.ts';

/** What a run is to do. */
export interface Options extends Plan {
  /** Names of peers and figures. */
  readonly names: ReadonlySet<string>;
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

const DEFAULTS = { rounds: 3, seconds: 6 };
const MOST = { rounds: 50, seconds: 300 };

export const USAGE = `npm run bench -- [--rounds ${DEFAULTS.rounds}] [--seconds ${DEFAULTS.seconds}] [--only NAME ...]`;

/** Reads the command line. @param known the names that --only may give; all of them are meant without it */
export function parseOptions(args: readonly string[], known: readonly string[]): Parsed {
  const wrong = (message: string): Parsed => ({ kind: 'wrong', message });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return wrong(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { kind: 'help' };
  // So that `--only caddy haproxy` means both.
  const chosen = [...(values.only ?? []), ...positionals];
  if (positionals.length > 0 && values.only === undefined) return wrong(`${positionals[0]} follows no option`);
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) return wrong(`there is no ${unknown}; --only takes ${known.join(', ')}`);
  const rounds = wholeNumber('rounds', values.rounds);
  if (typeof rounds === 'string') return wrong(rounds);
  const seconds = wholeNumber('seconds', values.seconds);
  if (typeof seconds === 'string') return wrong(seconds);
  return { kind: 'run', options: { rounds, seconds, names: new Set(chosen.length > 0 ? chosen : known) } };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    rounds: text,
    seconds: text,
    only: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  } as const;
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

/** @returns the number, or what is wrong with it */
function wholeNumber(name: 'rounds' | 'seconds', given: string | undefined): number | string {
  if (given === undefined) return DEFAULTS[name];
  const value = /^\d+$/.test(given) ? Number(given) : 0;
  return value >= 1 && value <= MOST[name] ? value : `--${name} takes a whole number from 1 to ${MOST[name]}`;
}
