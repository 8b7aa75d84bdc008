import type { ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { listenOver, PATIENT, routeOver, type Transport } from './forwarding.ts';

/**
 * A gateway with one open route, `/s`, to a group of servers, and deadlines that end no test.
 *
 * @param group as in the configuration file
 * @param more further options of the route, deadlines that differ, and the transport
 */
export function groupGateway(
  t: ExecutionContext,
  group: { readonly servers: readonly unknown[] } & Record<string, unknown>,
  {
    route = {},
    timeouts = {},
    over = 'direct',
  }: { route?: Record<string, unknown>; timeouts?: Record<string, string>; over?: Transport } = {},
): Promise<TestGateway> {
  return testGateway(t, {
    listen: listenOver(over),
    upstreams: { g: group },
    routes: [{ name: 's', path: '/s', upstream: 'g', auth: 'none', ...routeOver(over), ...route }],
    timeouts: { ...PATIENT, ...timeouts },
  });
}
