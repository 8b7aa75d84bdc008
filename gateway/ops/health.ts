import { createServer, type Server } from 'node:http';
import type { Logger } from './log.ts';
import { METRICS_TYPE } from './metrics/total.ts';

/** A store, as the gateway last heard of it. */
export interface Dependency {
  readonly name: string;
  readonly isUp: boolean;
}

/**
 * Whether requests can be answered, and which stores or clocks prevent it. Required are the database and its clock; Redis is
 * optional (`compose/service.ts`). With workers, each of them must be ready (`cli/cluster/supervisor.ts`).
 */
export interface Readiness {
  readonly status: 'ready' | 'unavailable' | 'starting';
  /** Without some of these, the gateway does its work all the same, and says that they are out. */
  readonly unavailable: readonly string[];
}

export interface Health {
  readonly server: Server;
  /** From now on, readiness is 503: balancers stop sending requests. */
  beginShutdown(): void;
}

/**
 * What a process says of its stores.
 *
 * @param required without one of these, requests fail: not ready
 * @param optional without these, the gateway does its work
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
 * The listener for operators: whether the process lives, whether it can do its work, and what it measures. Never on the
 * public side.
 *
 * @param readiness is asked anew each time, and does not reject
 * @param metricsText everything that is measured, in the text format of Prometheus
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
