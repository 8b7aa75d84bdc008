import { setTimeout as delay } from 'node:timers/promises';
import type { LogLine } from '../../test/lab/gateways/in-process.ts';
import type { Gateways, NodeProcess } from '../../test/lab/gateways/nodes.ts';
import { childrenOf } from '../../test/lab/gateways/workers.ts';
import type { Place } from '../../test/lab/processes/place.ts';
import { holds } from '../../test/lab/waiting/condition.ts';
import type { Node } from './network/network.ts';

/** A gateway of two workers, which can be killed, paused and started again. */
export interface Gateway {
  readonly name: Node;
  /** For clients. */
  readonly url: string;
  /** The name of the process that answered this request, from the log; a name of its own where the log does not say. */
  processOf(request: string): Promise<string>;
  /** The ids of its processes, the primary first. */
  pids(): { readonly primary: number; readonly workers: readonly number[] };
  /** The answer of `/health/ready`. */
  ready(): Promise<Readiness>;
  /** Resolves when both workers are ready. */
  whole(): Promise<void>;
  /** Makes it read its configuration, which has changed a little. Resolves when it is applied. */
  reload(): Promise<void>;
  /** Kills it (SIGKILL), with its workers. */
  kill(): Promise<void>;
  /** Starts it again, as often as it takes. */
  start(): Promise<void>;
}

/** null: no answer. */
export interface Readiness {
  readonly status: number | null;
  readonly unavailable: readonly string[];
}

export interface GatewayPlan {
  readonly name: Node;
  readonly settings: Readonly<{ routes: readonly object[] } & Record<string, unknown>>;
  readonly place: Place;
  readonly url: string;
}

const WORKERS = 2;
/** Milliseconds to wait for the line of a request in the log. */
const LOGGED = 1_000;
/** Milliseconds. A worker that cannot start is tried again at intervals of up to 30 s. */
const WHOLE = 90_000;
const READ = 30_000;
const STARTED = 120_000;

export async function openGateway(group: Gateways, { name, settings, place, url }: GatewayPlan): Promise<Gateway> {
  let life = 1;
  let reloads = 0;
  const run = () => group.start(name, settings, 0, place);
  let node: NodeProcess = await run();
  let log = requestsIn(node);
  const workers = () => childrenOf(node.pid);

  return {
    name,
    url,
    async processOf(request) {
      const [asked, present] = [log, life];
      const worker = await asked.workerOf(request);
      return worker === null ? `${name}${present}/${request}` : `${name}${present}/${worker}`;
    },
    pids: () => ({ primary: node.pid, workers: workers() }),
    ready: () => readinessOf(node),
    async whole() {
      const isWhole = async () => workers().length === WORKERS && (await readinessOf(node)).status === 200;
      await holds(`gateway ${name} has its workers`, isWhole, WHOLE);
    },
    async reload() {
      reloads += 1;
      const [first] = settings.routes;
      const further = { ...first, name: `reload-${reloads}`, path: `/api/v1/reload-${reloads}` };
      await group.configure(name, { ...settings, routes: [...settings.routes, further] });
      const before = readIn(node).length;
      process.kill(node.pid, 'SIGHUP');
      const isRead = () => node.exitCode !== null || readIn(node).length > before;
      await holds(`gateway ${name} has read its configuration`, isRead, READ);
      const refusal = readIn(node)[before]?.reason;
      if (refusal !== undefined) throw new Error(`gateway ${name} refuses its configuration: ${refusal}`);
    },
    async kill() {
      const ids = workers();
      await node.kill();
      for (const pid of ids) signal(pid, 'SIGKILL');
    },
    async start() {
      for (const until = performance.now() + STARTED; ; await delay(200)) {
        try {
          node = await run();
          break;
        } catch (error) {
          if (performance.now() > until) throw error;
        }
      }
      life += 1;
      log = requestsIn(node);
    },
  };
}

/** Signals a process that may have ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

async function readinessOf(node: NodeProcess): Promise<Readiness> {
  return await node.ready().catch(() => ({ status: null, unavailable: [] }));
}

function readIn(node: NodeProcess): LogLine[] {
  return node.log.filter(({ msg }) => /^configuration (not )?taken over$/.test(String(msg)));
}

/** Finds requests in the log of one life of a gateway by their ids. */
function requestsIn({ log }: NodeProcess): { workerOf(request: string): Promise<number | null> } {
  const workers = new Map<string, number>();
  let read = 0;
  return {
    async workerOf(request) {
      for (const until = performance.now() + LOGGED; performance.now() < until; await delay(2)) {
        for (; read < log.length; read += 1) {
          const { id, worker } = log[read] ?? {};
          if (typeof id === 'string' && typeof worker === 'number') workers.set(id, worker);
        }
        const worker = workers.get(request);
        if (worker === undefined) continue;
        workers.delete(request);
        return worker;
      }
      return null;
    },
  };
}
