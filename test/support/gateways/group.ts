import type { ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { PATIENT } from './forwarding.ts';

/**
 * A gateway with one unauthenticated route, `/s`, to a group of servers, and deadlines that no test reaches.
 *
 * @param group as in the configuration file
 * @param more further options of the route, and other deadlines
 */
export function groupGateway(
  t: ExecutionContext,
  group: { readonly servers: readonly unknown[] } & Record<string, unknown>,
  { route = {}, timeouts = {} }: { route?: Record<string, unknown>; timeouts?: Record<string, string> } = {},
): Promise<TestGateway> {
  return testGateway(t, {
    upstreams: { g: group },
    routes: [{ name: 's', path: '/s', upstream: 'g', auth: 'none', ...route }],
    timeouts: { ...PATIENT, ...timeouts },
  });
}
