import { parseArgs } from 'node:util';
import { WrongUse, wholeNumber } from '../command-line.ts';

export const HELP = `Usage: npm run simulate -- [options]
Runs gateways against simulated stores, networks and clocks, with faults, and judges every answer.

  --seed N    of the first world (default: from the time); each further world has the next seed
  --steps N   events in all (default 1000000)
`;

/** Steps of one world: then a new one begins. */
export const WORLD_STEPS = 60_000;
const MOST_SEED = 2 ** 31 - 1;
const MOST_STEPS = 1e12;

export type Options =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly seed: number; readonly steps: number };

/** @throws WrongUse */
export function parseOptions(args: string[], now: number): Options {
  const { values } = parsed(args);
  if (values.help === true) return { kind: 'help' };
  const seed = wholeNumber('seed', values.seed, { usual: now % 1_000_000_000, least: 0, most: MOST_SEED });
  const steps = wholeNumber('steps', values.steps, { usual: 1_000_000, least: 1, most: MOST_STEPS });
  return { kind: 'run', seed, steps };
}

function parsed(args: string[]) {
  try {
    const options = { seed: { type: 'string' }, steps: { type: 'string' }, help: { type: 'boolean' } } as const;
    return parseArgs({ args, options });
  } catch (error) {
    throw new WrongUse(`${(error as Error).message.split('\n')[0]}; --help lists the options`);
  }
}
