import type { Logger } from '../../ops/log.ts';
import type { GroupSettings } from '../../settings/schema/upstream-group.ts';
import { upstreamAddress } from '../path.ts';
import { UpstreamAgent } from '../proxy-middleware/agent.ts';
import { createPool, MOST_STREAMS } from '../undici/pool.ts';
import { createAvailability } from './availability.ts';
import { createBalance } from './balance.ts';
import type { GroupMeter, MeterGroup } from './group-meter.ts';
import { startHealthChecks } from './health-checks.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import type { Upstream } from './upstream.ts';
import { createWaitingLine, type Waiting } from './waiting-line.ts';

/** Servers that do the same work. */
export interface UpstreamGroup {
  readonly settings: GroupSettings;
  readonly retryBudget: RetryBudget;
  /** To be told of each attempt, by whoever makes it. */
  readonly meter: GroupMeter;
  /**
   * Who gets the next request, which takes a place there; null where those have none that could get it. Of servers that are all ejected or unwell one gets it nevertheless: it is more likely to
   * be well again than a refusal is to be right.
   */
  next(): Upstream | null;
  /** Who gets another attempt at a request, which takes a place there: an available server not yet tried, or null. */
  another(tried: readonly Upstream[]): Upstream | null;
  /** Waits for a place. @returns what ends the wait before its time */
  wait(waiting: Waiting<Upstream>): () => void;
  /** Gives a place back. */
  leave(upstream: Upstream): void;
  /** Nothing is under way any more that anybody waits for. */
  close(): Promise<void>;
}

/** @param connectTimeout milliseconds */
export function openGroup(
  settings: GroupSettings,
  connectTimeout: number,
  log: Logger,
  meterGroup: MeterGroup,
): UpstreamGroup {
  const servers = settings.servers.map(({ url, weight }) => ({ address: upstreamAddress(url), weight }));
  const origins = servers.map(({ address }) => address.origin);
  const meter = meterGroup(settings.name, origins);
  const upstreams = servers.map(({ address, weight }): Upstream => {
    const { origin } = address;
    const about = { upstream: origin, group: settings.name };
    return {
      ...address,
      weight,
      dispatcher: createPool(address, settings, connectTimeout),
      agent: new UpstreamAgent(address, settings, connectTimeout),
      availability: createAvailability(settings.eject, about, log, () => meter.ejected(origin)),
      outstanding: 0,
      taken: 0,
    };
  });
  const [first] = upstreams;
  if (first === undefined) throw new TypeError(`the group ${settings.name} has no servers`);
  const choose = createBalance<Upstream>(settings.balance);
  const isOpen = ({ availability, outstanding }: Upstream) => availability.isOpen(outstanding);
  const most = settings.connections * (settings.http2 ? MOST_STREAMS : 1);
  const hasPlace = ({ taken }: Upstream) => taken < most;
  const take = (chosen: Upstream | undefined): Upstream | null => {
    if (chosen === undefined) return null;
    chosen.taken += 1;
    if (upstreams.length > 1) chosen.availability.chosen();
    return chosen;
  };
  const next = () => {
    if (upstreams.length === 1) return hasPlace(first) ? take(first) : null;
    const open = upstreams.filter(isOpen);
    return take(choose((open.length > 0 ? open : upstreams).filter(hasPlace)));
  };
  const line = createWaitingLine(next, settings.connectionWait);
  const stopChecks = settings.health === undefined ? () => {} : startHealthChecks(upstreams, settings.health);

  return {
    settings,
    retryBudget: createRetryBudget(settings.retries.budget),
    meter,
    next,
    another(tried) {
      return take(choose(upstreams.filter((one) => isOpen(one) && hasPlace(one) && !tried.includes(one))));
    },
    wait: (waiting) => line.wait(waiting),
    leave(upstream) {
      upstream.taken -= 1;
      line.serve();
    },
    async close() {
      stopChecks();
      for (const { agent } of upstreams) agent.destroy();
      await Promise.all(upstreams.map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}
