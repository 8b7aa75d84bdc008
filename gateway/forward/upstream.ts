import { type Dispatcher, Pool } from 'undici';
import type { Logger } from '../ops/log.ts';
import type { GroupSettings } from '../settings/upstream-group.ts';
import { type Availability, createAvailability } from './availability.ts';
import { createBalance } from './balance.ts';
import { createConnector } from './connector.ts';
import { startHealthChecks } from './health-checks.ts';
import { type UpstreamAddress, upstreamAddress } from './path.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';

/** One server that requests can be sent to. */
export interface Upstream extends UpstreamAddress {
  readonly dispatcher: Dispatcher;
  readonly weight: number;
  readonly availability: Availability;
  /** Requests that it has not answered. Counted by whoever sends them. */
  outstanding: number;
}

/** Servers that do the same work. */
export interface UpstreamGroup {
  readonly settings: GroupSettings;
  readonly retryBudget: RetryBudget;
  /**
   * Who gets the next request. Of servers that are all ejected or unwell one gets it nevertheless: it is more likely to
   * be well again than a refusal is to be right.
   */
  next(): Upstream;
  /** Who gets another attempt at a request: an available server that has not been tried, or null. */
  another(tried: readonly Upstream[]): Upstream | null;
  /** Lets what is under way end. */
  close(): Promise<void>;
}

/**
 * @param connectTimeout milliseconds
 * @param onEjected is told of each pause of a server
 */
export function openGroup(
  settings: GroupSettings,
  connectTimeout: number,
  log: Logger,
  onEjected: (group: string, origin: string) => void,
): UpstreamGroup {
  const upstreams = settings.servers.map(({ url, weight }): Upstream => {
    const address = upstreamAddress(url);
    const { origin, socketPath } = address;
    const about = { upstream: origin, group: settings.name };
    return {
      ...address,
      weight,
      dispatcher: new Pool(socketPath === null ? origin : 'http://localhost', {
        allowH2: settings.http2,
        pipelining: settings.http2 ? MOST_STREAMS : 1,
        connect: createConnector(settings, socketPath, connectTimeout),
        clientTtl: settings.connectionAge,
      }),
      availability: createAvailability(settings.eject, about, log, () => onEjected(settings.name, origin)),
      outstanding: 0,
    };
  });
  const [first] = upstreams;
  if (first === undefined) throw new TypeError(`the group ${settings.name} has no servers`);
  const choose = createBalance<Upstream>(settings.balance);
  const isOpen = ({ availability, outstanding }: Upstream) => availability.isOpen(outstanding);
  const stopChecks = settings.health === undefined ? () => {} : startHealthChecks(upstreams, settings.health);

  return {
    settings,
    retryBudget: createRetryBudget(settings.retries.budget),
    next() {
      if (upstreams.length === 1) return first;
      return choose(upstreams.filter(isOpen)) ?? choose(upstreams) ?? first;
    },
    another(tried) {
      return choose(upstreams.filter((one) => isOpen(one) && !tried.includes(one))) ?? null;
    },
    async close() {
      stopChecks();
      await Promise.all(upstreams.map(({ dispatcher }) => dispatcher.close()));
    },
  };
}

/** Requests that may share a connection of HTTP/2. */
const MOST_STREAMS = 100;
