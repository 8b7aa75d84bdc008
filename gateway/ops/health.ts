import { createServer, type Server } from 'node:http';
import type { Logger } from './log.ts';
import { METRICS_TYPE } from './metrics/total.ts';

/** The last known state of a store. */
export interface Dependency {
  readonly name: string;
  readonly isUp: boolean;
}

/**
 * Whether requests can be answered, and which stores or clocks are down. The database and its clock are required; Redis is
 * optional (`compose/service.ts`). With workers, each of them must be ready (`cli/cluster/supervisor.ts`).
 */
export interface Readiness {
  readonly status: 'ready' | 'unavailable' | 'starting';
  /** The names of stores and clocks that are down, also of optional ones. */
  readonly unavailable: readonly string[];
}

export interface Health {
  readonly server: Server;
  /** Makes readiness 503 from now on, so that load balancers stop sending requests. */
  beginShutdown(): void;
}

/**
 * The readiness of a process.
 *
 * @param required if one of these is down, the process is not ready
 * @param optional these are only reported
 */
export function readinessOf(required: readonly Dependency[], optional: readonly Dependency[]): Readiness {
  const out = [...required, ...optional].filter(({ isUp }) => !isUp).map(({ name }) => name);
  return { status: required.every(({ isUp }) => isUp) ? 'ready' : 'unavailable', unavailable: out };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * The ops listener: liveness, readiness and metrics. It must not be exposed to the public.
 *
 * @param readiness called for each request; must not reject
 * @param metricsText returns all metrics in the Prometheus text format
 */
export function createHealth(
  readiness: () => Readiness | Promise<Readiness>,
  metricsText: () => Promise<string>,
  log: Logger,
): Health {
  let shuttingDown = false;

  const ready = async (): Promise<Answer> => {
    if (shuttingDown) return json(503, { status: 'shutting_down' });
    const { status, unavailable } = await readiness();
    return json(status === 'ready' ? 200 : 503, { status, ...(unavailable.length > 0 && { unavailable }) });
  };

  const metrics = async (): Promise<Answer> => {
    try {
      return { status: 200, type: METRICS_TYPE, body: await metricsText() };
    } catch (error) {
      log.error({ err: error, fault: 'gateway' }, 'metrics not collected');
      return json(500, { status: 'metrics_not_collected' });
    }
  };

  const answerTo = async (method: string | undefined, path: string | undefined): Promise<Answer> => {
    if (method !== 'GET' && method !== 'HEAD') return json(405, { status: 'method_not_allowed' });
    if (path === '/health/live') return json(200, { status: 'live' });
    if (path === '/health/ready') return await ready();
    if (path === '/metrics') return await metrics();
    return json(404, { status: 'not_found' });
  };

  const server = createServer(async (req, res) => {
    const { status, type, body } = await answerTo(req.method, req.url?.split('?')[0]);
    if (status === 405) res.setHeader('Allow', 'GET, HEAD');
    res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    res.end(body);
  });
  return {
    server,
    beginShutdown() {
      shuttingDown = true;
    },
  };
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}
