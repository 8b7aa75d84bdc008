import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneOf, readArguments, seedFrom, standsAlone, WrongUse } from '../command-line.ts';

const DATABASES = ['mariadb', 'postgres'] as const;

export interface RunOptions {
  readonly hours: number;
  /** Requests per second; null: half of what the gateways can answer here. */
  readonly rate: number | null;
  readonly database: (typeof DATABASES)[number];
  readonly seed: number;
  readonly out: string;
}

export type Options =
  | { readonly kind: 'run'; readonly options: RunOptions }
  | { readonly kind: 'read'; readonly file: string }
  | { readonly kind: 'help' };

export const HELP = `Usage: npm run soak -- --hours N [options]
Runs two gateways under mixed traffic, with failing upstreams, reloads, killed workers and outages of Redis, and says whether
memory, descriptors, sockets, timers or tables grow, and whether each answer was right. Exit 1 where something grows or was wrong.

  --hours N         how long, such as 2 or 0.1
  --rate N          requests per second (default: half of the capacity, which is measured first)
  --database NAME   mariadb (default) or postgres, on a private server
  --seed N          of the traffic and of the faults (default: the time)
  --out FOLDER      for samples.jsonl, verdict.md and plot.svg (default: soak-SEED in the folder for temporary files)
  --read FILE       no run: the verdict and the plot from the samples of an earlier run
`;

const MOST_HOURS = 1_000;
const MOST_RATE = 100_000;

/** @param now milliseconds since 1970, for a seed. @throws WrongUse */
export function parseOptions(args: readonly string[], now: number): Options {
  const text = { type: 'string' } as const;
  const { values } = readArguments(args, {
    options: {
      ...{ hours: text, rate: text, database: text, seed: text, out: text, read: text },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const { read, ...others } = values;
  if (read !== undefined) {
    standsAlone('read', others);
    return { kind: 'read', file: read };
  }
  if (values.hours === undefined) throw new WrongUse('--hours is missing: how long to run, such as --hours 2');
  const hours = numberOf(values.hours);
  if (!(hours > 0 && hours <= MOST_HOURS))
    throw new WrongUse(`--hours takes a number above 0, up to ${MOST_HOURS}, not "${values.hours}"`);
  const rate = values.rate === undefined ? null : numberOf(values.rate);
  if (rate !== null && !(rate >= 1 && rate <= MOST_RATE))
    throw new WrongUse(`--rate takes a number from 1 to ${MOST_RATE}, not "${values.rate}"`);
  const database = oneOf('database', values.database ?? 'mariadb', DATABASES);
  const seed = seedFrom(values.seed, now);
  return { kind: 'run', options: { hours, rate, database, seed, out: values.out ?? join(tmpdir(), `soak-${seed}`) } };
}

function numberOf(text: string): number {
  return /^\d+(\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN;
}
