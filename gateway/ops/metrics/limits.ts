import { Counter, type Registry } from 'prom-client';

/** Counts the requests that limits refuse. @returns begins the series of a limit on a route; then counts one at each call */
export function limitMetrics(registry: Registry): (limit: string, route: string) => () => void {
  const refused = new Counter({
    name: 'gatehouse_limited_total',
    help: 'Requests that a limit refused.',
    labelNames: ['limit', 'route'],
    registers: [registry],
  });
  return (limit, route) => {
    // Exported at once, so that the first refusal shows as an increase.
    refused.inc({ limit, route }, 0);
    return () => refused.inc({ limit, route });
  };
}
