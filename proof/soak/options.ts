import { parseArgs } from 'node:util';

export interface RunOptions {
  readonly hours: number;
  /** Requests per second; null: half of what the gateways can answer here. */
  readonly rate: number | null;
  readonly database: 'mariadb' | 'postgres';
  readonly seed: number;
  readonly out: string;
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: RunOptions }
  | { readonly kind: 'read'; readonly file: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

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

/** @param now for the seed, in ms since 1970 @param temporary the folder for temporary files */
export function parseOptions(args: readonly string[], now: number, temporary: string): Parsed {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return wrong((error as Error).message.split(/\.\s/)[0] ?? '');
  }
  if (values.help === true) return { kind: 'help' };
  if (values.read !== undefined) return { kind: 'read', file: values.read };
  if (values.hours === undefined) return wrong('--hours is missing: how long to run, such as --hours 2');
  const hours = numberOf(values.hours);
  if (!(hours > 0 && hours <= MOST_HOURS)) return wrong(`--hours takes a number above 0, up to ${MOST_HOURS}`);
  const rate = values.rate === undefined ? null : numberOf(values.rate);
  if (rate !== null && !(rate >= 1 && rate <= MOST_RATE)) return wrong(`--rate takes a number from 1 to ${MOST_RATE}`);
  const { database = 'mariadb', seed: given = String(now % 1_000_000_000) } = values;
  if (database !== 'mariadb' && database !== 'postgres') return wrong('--database takes mariadb or postgres');
  if (!/^\d{1,9}$/.test(given)) return wrong('--seed takes a whole number of up to nine digits');
  const seed = Number(given);
  return { kind: 'run', options: { hours, rate, database, seed, out: values.out ?? `${temporary}/soak-${seed}` } };
}

function wrong(message: string): Parsed {
  return { kind: 'wrong', message };
}

function numberOf(text: string): number {
  return /^\d+(\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN;
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    ...{ hours: text, rate: text, database: text, seed: text, out: text, read: text },
    help: { type: 'boolean' },
  } as const;
  return parseArgs({ args: [...args], options }).values;
}
