import { createServer, type IncomingMessage, type Server } from 'node:http';
import { KEY_SET_PATH } from '../settings/schema/assertion-options.ts';
import { json, type OpsAnswer, uncached } from './answers.ts';
import { type Console, isConsolePath } from './console/console.ts';
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

/** What `/health/ready` says. */
interface State {
  readonly status: Readiness['status'] | 'shutting_down';
  readonly unavailable: readonly string[];
}

export interface Health {
  readonly server: Server;
  /** As `/health/ready` says it. */
  state(): Promise<State>;
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

/**
 * The ops listener: liveness, readiness, metrics, the keys of assertions, and the console. It must not be exposed to the public.
 *
 * @param readiness called for each request; must not reject
 * @param metricsText returns all metrics in the Prometheus text format
 * @param keySet answers with the published keys of assertions; null: none are configured
 * @param console null: it is off
 */
export function createHealth(
  readiness: () => Readiness | Promise<Readiness>,
  metricsText: () => Promise<string>,
  keySet: (ifNoneMatch: string | undefined) => OpsAnswer | null,
  console: Console | null,
  log: Logger,
): Health {
  let shuttingDown = false;

  const state = async (): Promise<State> =>
    shuttingDown ? { status: 'shutting_down', unavailable: [] } : await readiness();
  const ready = async (): Promise<OpsAnswer> => {
    const { status, unavailable } = await state();
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

  const answerTo = async ({ method, headers }: IncomingMessage, path: string): Promise<OpsAnswer> => {
    if (!isRead(method)) {
      const { fields, ...answer } = json(405, { status: 'method_not_allowed' });
      return { ...answer, fields: { ...fields, Allow: 'GET, HEAD' } };
    }
    if (isConsolePath(path)) return CONSOLE_OFF;
    if (path === '/health/live') return json(200, { status: 'live' });
    if (path === '/health/ready') return await ready();
    if (path === '/metrics') return await metrics();
    const keys = path === KEY_SET_PATH ? keySet(headers['if-none-match']) : null;
    return keys ?? json(404, { status: 'not_found' });
  };

  const server = createServer(async (req, res) => {
    const [path = ''] = req.url?.split('?', 1) ?? [];
    if (console !== null && isRead(req.method) && isConsolePath(path)) return await console.answer(req, res);
    const { status, fields, body } = await answerTo(req, path);
    res.writeHead(status, fields);
    res.end(body);
  });
  return {
    server,
    state,
    beginShutdown() {
      shuttingDown = true;
    },
  };
}

const CONSOLE_OFF = json(404, {
  status: 'console_off',
  message: 'The console is off: set ops.console to true, and restart the gateway.',
});

function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}
