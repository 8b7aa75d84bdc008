import type { Logger } from '../../ops/log.ts';
import type { GroupSettings } from '../../settings/schema/upstream-group.ts';
import { directConnections } from '../direct/connections.ts';
import { upstreamAddress } from '../path.ts';
import { UpstreamAgent } from '../proxy-middleware/agent.ts';
import { createPool, MOST_STREAMS } from '../undici/pool.ts';
import type { MeterGroup } from './attempt-account.ts';
import { createAvailability } from './availability.ts';
import { createBalance } from './balance.ts';
import { connectionRoom } from './connection-room.ts';
import { startHealthChecks } from './health-checks.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { Server, type Upstream } from './upstream.ts';
import { createWaitingLine, type Waiting } from './waiting-line.ts';

/** Servers that are interchangeable. */
export interface UpstreamGroup {
  readonly settings: GroupSettings;
  readonly retryBudget: RetryBudget;
  /**
   * Chooses the server for the next request and takes a place there; null where no candidate has one free. Where all
   * servers are ejected or unhealthy, one is chosen nevertheless: it may have recovered, while a refusal is sure to fail.
   */
  next(): Upstream | null;
  /** Chooses an available server for a retry, not one of `tried`, and takes a place there; null: there is none. */
  another(tried: readonly Upstream[]): Upstream | null;
  /** Waits for a place. @returns cancels the wait */
  wait(waiting: Waiting<Upstream>): () => void;
  /** Gives a place back. */
  leave(upstream: Upstream): void;
  /** Closes all connections. Must be called when no request is in progress. */
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
  const places = settings.connections * (settings.http2 ? MOST_STREAMS : 1);
  const upstreams = servers.map(({ address, weight }) => {
    const { origin } = address;
    const about = { upstream: origin, group: settings.name };
    const room = connectionRoom(settings.connections);
    const connections = {
      dispatcher: createPool(address, settings, connectTimeout, room),
      connections: directConnections(address, settings, connectTimeout, room),
      agent: new UpstreamAgent(address, settings, connectTimeout),
    };
    const availability = createAvailability(settings.eject, about, log, {
      ejected: () => meter.ejected(origin),
      changed: (isUp) => meter.changed(origin, isUp),
    });
    return new Server(address, { weight, places }, connections, availability, meter);
  });
  const [first] = upstreams;
  if (first === undefined) throw new TypeError(`the group ${settings.name} has no servers`);
  const choose = createBalance<Server>(settings.balance);
  const isOpen = (server: Server) => server.isOpen;
  const hasPlace = (server: Server) => server.hasPlace;
  const take = (chosen: Server | undefined): Server | null => {
    if (chosen === undefined) return null;
    chosen.takePlace();
    if (upstreams.length > 1) chosen.chosen();
    return chosen;
  };
  const next = () => {
    if (upstreams.length === 1) return first.hasPlace ? take(first) : null;
    const open = upstreams.filter(isOpen);
    return take(choose((open.length > 0 ? open : upstreams).filter(hasPlace)));
  };
  const line = createWaitingLine(next, settings.connectionWait);
  const stopChecks = settings.health === undefined ? () => {} : startHealthChecks(upstreams, settings.health);

  return {
    settings,
    retryBudget: createRetryBudget(settings.retries.budget),
    next,
    another(tried) {
      return take(choose(upstreams.filter((one) => one.isOpen && one.hasPlace && !tried.includes(one))));
    },
    wait: (waiting) => line.wait(waiting),
    leave(upstream) {
      for (const server of upstreams) if (server === upstream) server.leavePlace();
      line.serve();
    },
    async close() {
      stopChecks();
      meter.closed();
      for (const { agent, connections } of upstreams) {
        agent.destroy();
        connections.destroy();
      }
      await Promise.all(upstreams.map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}
