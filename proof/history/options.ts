import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunLine } from './line.ts';

export interface LiveOptions extends Pick<RunLine, 'seed' | 'minutes' | 'database' | 'hasRedis'> {
  readonly kind: 'live';
  /** The file that gets the history. */
  readonly out: string;
  /** Whether to do without network namespaces. */
  readonly usesProxies: boolean;
}

export type Options =
  | LiveOptions
  | { readonly kind: 'read'; readonly file: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

const DATABASES = ['mariadb', 'postgres'] as const;
const MOST_MINUTES = 24 * 60;
const MOST_SEED = 2 ** 31 - 1;
const USUAL = { minutes: 5, database: 'mariadb' } as const;

export const HELP = `Usage: npm run history -- [options]
Runs two gateways of two workers each, a real database and a real Redis, all servers of its own, under requests, revocations
and changes of accounts, while processes are killed and paused, and the network is cut. It writes down every call and its
answer, and judges them.

  --seed N               of the schedule (default: the time). The same seed gives the same faults at the same times, and the
                         same choices of each client; what happens in between differs from run to run
  --minutes N            (default ${USUAL.minutes})
  --database NAME        ${DATABASES.join(' or ')} (default ${USUAL.database})
  --no-redis             without Redis
  --proxies              TCP proxies instead of network namespaces, as where these are not allowed
  --out FILE             where the history goes (default: the folder for temporary files)
  --read FILE            judges a history that was written before, and runs nothing
`;

/** @param now milliseconds since 1970, for a seed */
export function parseOptions(args: readonly string[], now: number): Options {
  const wrong = (message: string): Options => ({ kind: 'wrong', message });
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return wrong(error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : String(error));
  }
  if (values.help === true) return { kind: 'help' };
  const { read, ...others } = values;
  if (read !== undefined) {
    const [other] = Object.keys(others);
    return other === undefined ? { kind: 'read', file: read } : wrong(`--read excludes --${other}`);
  }
  const seed = wholeNumber('seed', values.seed, { usual: now % 1_000_000_000, least: 0, most: MOST_SEED });
  if (typeof seed === 'string') return wrong(seed);
  const minutes = wholeNumber('minutes', values.minutes, { usual: USUAL.minutes, least: 1, most: MOST_MINUTES });
  if (typeof minutes === 'string') return wrong(minutes);
  const database = DATABASES.find((name) => name === (values.database ?? USUAL.database));
  if (database === undefined) return wrong(`--database takes ${DATABASES.join(' or ')}, not ${values.database}`);
  return {
    ...{ kind: 'live', seed, minutes, database, hasRedis: values['no-redis'] !== true },
    out: values.out ?? join(tmpdir(), `gatehouse-history-${seed}-${database}.jsonl`),
    usesProxies: values.proxies === true,
  };
}

function parse(args: readonly string[]) {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  const options = {
    ...{ seed: text, minutes: text, database: text, out: text, read: text },
    ...{ 'no-redis': flag, proxies: flag, help: flag },
  } as const;
  return parseArgs({ args: [...args], options }).values;
}

/** @returns the number, or what is wrong with it */
function wholeNumber(
  name: string,
  given: string | undefined,
  { usual, least, most }: { usual: number; least: number; most: number },
): number | string {
  if (given === undefined) return usual;
  const value = /^\d{1,10}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  return `--${name} takes a whole number from ${least} to ${most}, not ${JSON.stringify(given)}`;
}
