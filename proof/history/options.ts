import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneOf, readArguments, seedFrom, standsAlone, wholeNumber } from '../command-line.ts';
import type { RunLine } from './line.ts';

export interface LiveOptions extends Pick<RunLine, 'seed' | 'minutes' | 'database' | 'hasRedis'> {
  readonly kind: 'live';
  /** The file that gets the history. */
  readonly out: string;
  /** Whether to do without network namespaces. */
  readonly usesProxies: boolean;
}

export type Options = LiveOptions | { readonly kind: 'read'; readonly file: string } | { readonly kind: 'help' };

const DATABASES = ['mariadb', 'postgres'] as const;
const MOST_MINUTES = 24 * 60;
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

/** @param now milliseconds since 1970, for a seed. @throws WrongUse */
export function parseOptions(args: readonly string[], now: number): Options {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  const { values } = readArguments(args, {
    options: {
      ...{ seed: text, minutes: text, database: text, out: text, read: text },
      ...{ 'no-redis': flag, proxies: flag, help: flag },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const { read, ...others } = values;
  if (read !== undefined) {
    standsAlone('read', others);
    return { kind: 'read', file: read };
  }
  const seed = seedFrom(values.seed, now);
  const minutes = wholeNumber('minutes', values.minutes, { usual: USUAL.minutes, least: 1, most: MOST_MINUTES });
  const database = oneOf('database', values.database ?? USUAL.database, DATABASES);
  return {
    ...{ kind: 'live', seed, minutes, database, hasRedis: values['no-redis'] !== true },
    out: values.out ?? join(tmpdir(), `gatehouse-history-${seed}-${database}.jsonl`),
    usesProxies: values.proxies === true,
  };
}
