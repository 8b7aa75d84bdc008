import { createServer, type Server } from 'node:http';

/** A store, as the gateway last heard of it. */
export interface Dependency {
  readonly name: string;
  readonly isUp: boolean;
}

export interface Health {
  readonly server: Server;
  /** From now on, readiness is 503: balancers stop sending requests. */
  beginShutdown(): void;
}

/**
 * The listener for operators: whether the process lives, and whether it can do its work. Never on the public side.
 *
 * @param required without one of these, requests fail: not ready
 * @param optional without these, the gateway does its work, and says that they are out
 */
export function createHealth(required: readonly Dependency[], optional: readonly Dependency[]): Health {
  let shuttingDown = false;

  const namesOfOut = (stores: readonly Dependency[]) => stores.filter(({ isUp }) => !isUp).map(({ name }) => name);

  const readiness = (): [status: number, body: object] => {
    if (shuttingDown) return [503, { status: 'shutting_down' }];
    const out = [...namesOfOut(required), ...namesOfOut(optional)];
    const unavailable = out.length === 0 ? {} : { unavailable: out };
    return required.every(({ isUp }) => isUp)
      ? [200, { status: 'ready', ...unavailable }]
      : [503, { status: 'unavailable', ...unavailable }];
  };

  const answerTo = (method: string | undefined, path: string | undefined): [status: number, body: object] => {
    if (method !== 'GET' && method !== 'HEAD') return [405, { status: 'method_not_allowed' }];
    if (path === '/health/live') return [200, { status: 'live' }];
    if (path === '/health/ready') return readiness();
    return [404, { status: 'not_found' }];
  };

  const server = createServer((req, res) => {
    const [status, body] = answerTo(req.method, req.url?.split('?')[0]);
    if (status === 405) res.setHeader('Allow', 'GET, HEAD');
    res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    res.end(`${JSON.stringify(body)}\n`);
  });
  return {
    server,
    beginShutdown() {
      shuttingDown = true;
    },
  };
}
