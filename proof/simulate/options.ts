import { readArguments, seedFrom, wholeNumber } from '../command-line.ts';

export const HELP = `Usage: npm run simulate -- [options]
Runs gateways against simulated stores, networks and clocks, with faults, and judges every answer.

  --seed N    of the first world (default: from the time); each further world has the next seed
  --steps N   events in all (default 1000000)
`;

/** Steps of one world: then a new one begins. */
export const WORLD_STEPS = 60_000;
const MOST_STEPS = 1e12;

export type Options =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly seed: number; readonly steps: number };

/** @throws WrongUse */
export function parseOptions(args: string[], now: number): Options {
  const options = { seed: { type: 'string' }, steps: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { values } = readArguments(args, { options });
  if (values.help === true) return { kind: 'help' };
  const seed = seedFrom(values.seed, now);
  const steps = wholeNumber('steps', values.steps, { usual: 1_000_000, least: 1, most: MOST_STEPS });
  return { kind: 'run', seed, steps };
}
