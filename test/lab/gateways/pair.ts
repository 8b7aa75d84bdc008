import type { DatabaseLocation } from '../../../gateway/settings/schema/database-url.ts';
import type { Scope } from '../scope.ts';
import { httpUpstream } from '../upstreams/upstream.ts';
import { ADA, BOB } from './gateway.ts';
import { type Answer, type Issued, issue, type Load, steadyLoad } from './load.ts';
import { type GatewayNode, type Gateways, gateways } from './nodes.ts';

/** Two gateways with shared stores, in this process, under a constant load of requests with a token of Ada and one of Bob. */
export interface Pair {
  readonly a: GatewayNode;
  readonly b: GatewayNode;
  readonly gateways: Gateways;
  readonly ada: Issued;
  readonly bob: Issued;
  readonly load: Load;
}

/** Requests per second on each node. */
const RATE = 30;

export async function pairUnderLoad(
  t: Scope,
  { location, redis, settings = {} }: { location: DatabaseLocation; redis: string; settings?: Record<string, object> },
): Promise<Pair> {
  const upstream = await httpUpstream(t);
  const group = await gateways(t, { location, redis, upstream: upstream.url, settings });
  const [a, b] = await Promise.all([group.startHere('A'), group.startHere('B')]);
  const [ada, bob] = [await issue(a, ADA), await issue(b, BOB)];
  return { a, b, gateways: group, ada, bob, load: steadyLoad(t, [a, b], [ada, bob], RATE) };
}

/** All responses of a load except 200, in short form. */
export function failures(answers: readonly Answer[]): string[] {
  return answers.filter(({ status }) => status !== 200).map(({ node, status }) => `${node}: ${status}`);
}

/**
 * The responses of a load that are wrong even in an outage: other statuses than 200 and 503, a 503 without `Retry-After`, and
 * responses that took longer than `inTime` ms.
 */
export function improper(answers: readonly Answer[], inTime: number): Answer[] {
  return answers.filter(({ status, retryAfter, took }) => {
    const proper = status === 200 ? retryAfter === null : status === 503 && retryAfter === '1';
    return !proper || took > inTime;
  });
}
