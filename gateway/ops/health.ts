import { createServer, type Server } from 'node:http';

/** A store that must answer for the gateway to be ready. */
export interface Dependency {
  readonly name: string;
  /** Rejects when the store is out; has a deadline of its own. */
  ping(): Promise<void>;
}

export interface Health {
  readonly server: Server;
  /** From now on, readiness is 503: balancers stop sending requests. */
  beginShutdown(): void;
}

/** The listener for operators: whether the process lives, and whether it can do its work. Never on the public side. */
export function createHealth(dependencies: readonly Dependency[]): Health {
  let shuttingDown = false;

  const readiness = async (): Promise<{ status: number; body: object }> => {
    if (shuttingDown) return { status: 503, body: { status: 'shutting_down' } };
    const results = await Promise.allSettled(dependencies.map(({ ping }) => ping()));
    const out = dependencies.filter((_, i) => results[i]?.status === 'rejected').map(({ name }) => name);
    return out.length === 0
      ? { status: 200, body: { status: 'ready' } }
      : { status: 503, body: { status: 'unavailable', unavailable: out } };
  };

  const server = createServer(async (req, res) => {
    const path = req.url?.split('?')[0];
    let answer: { status: number; body: object };
    if (req.method !== 'GET' && req.method !== 'HEAD') answer = { status: 405, body: { status: 'method_not_allowed' } };
    else if (path === '/health/live') answer = { status: 200, body: { status: 'live' } };
    else if (path === '/health/ready') answer = await readiness();
    else answer = { status: 404, body: { status: 'not_found' } };
    res.writeHead(answer.status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    res.end(`${JSON.stringify(answer.body)}\n`);
  });
  return {
    server,
    beginShutdown() {
      shuttingDown = true;
    },
  };
}
