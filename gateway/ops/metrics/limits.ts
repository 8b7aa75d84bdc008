import { Counter, type Registry } from 'prom-client';

/** Counts the requests that limits have refused. @returns counts one */
export function limitMetrics(registry: Registry): (limit: string, route: string) => void {
  const refused = new Counter({
    name: 'gatehouse_limited_total',
    help: 'Requests that a limit refused.',
    labelNames: ['limit', 'route'],
    registers: [registry],
  });
  return (limit, route) => refused.inc({ limit, route });
}
