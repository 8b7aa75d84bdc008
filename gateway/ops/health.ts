import { createServer, type IncomingMessage, type Server } from 'node:http';
import { KEY_SET_PATH } from '../settings/schema/assertion-options.ts';
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

/** An answer of the ops listener. */
export interface OpsAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The ops listener: liveness, readiness, metrics and the keys of assertions. It must not be exposed to the public.
 *
 * @param readiness called for each request; must not reject
 * @param metricsText returns all metrics in the Prometheus text format
 * @param keySet answers with the published keys of assertions; null: none are configured
 */
export function createHealth(
  readiness: () => Readiness | Promise<Readiness>,
  metricsText: () => Promise<string>,
  keySet: (ifNoneMatch: string | undefined) => OpsAnswer | null,
  log: Logger,
): Health {
  let shuttingDown = false;

  const ready = async (): Promise<OpsAnswer> => {
    if (shuttingDown) return json(503, { status: 'shutting_down' });
    const { status, unavailable } = await readiness();
    return json(status === 'ready' ? 200 : 503, { status, ...(unavailable.length > 0 && { unavailable }) });
  };

  const metrics = async (): Promise<OpsAnswer> => {
    try {
      return uncached(200, METRICS_TYPE, await metricsText());
    } catch (error) {
      log.error({ err: error, fault: 'gateway' }, 'metrics not collected');
      return json(500, { status: 'metrics_not_collected' });
    }
  };

  const answerTo = async ({ method, url, headers }: IncomingMessage): Promise<OpsAnswer> => {
    if (method !== 'GET' && method !== 'HEAD') {
      const { fields, ...answer } = json(405, { status: 'method_not_allowed' });
      return { ...answer, fields: { ...fields, Allow: 'GET, HEAD' } };
    }
    const [path] = url?.split('?') ?? [];
    if (path === '/health/live') return json(200, { status: 'live' });
    if (path === '/health/ready') return await ready();
    if (path === '/metrics') return await metrics();
    const keys = path === KEY_SET_PATH ? keySet(headers['if-none-match']) : null;
    return keys ?? json(404, { status: 'not_found' });
  };

  const server = createServer(async (req, res) => {
    const { status, fields, body } = await answerTo(req);
    res.writeHead(status, fields);
    res.end(body);
  });
  return {
    server,
    beginShutdown() {
      shuttingDown = true;
    },
  };
}

function json(status: number, body: object): OpsAnswer {
  return uncached(status, 'application/json', `${JSON.stringify(body)}\n`);
}

function uncached(status: number, type: string, body: string): OpsAnswer {
  return { status, fields: { 'Content-Type': type, 'Cache-Control': 'no-store' }, body };
}
